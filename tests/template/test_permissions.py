"""Each IAM action fits the resources that it is granted on.

parliament compares the statements with the actions and resource types of AWS's service authorization reference.
"""

import json

import pytest
from parliament import analyze_policy_string
from resolve import ARNS, OUTPUTS, Stack
from templates import REPOSITORY, ROOT, load, transform

SECRET = ARNS["AWS::SecretsManager::Secret"]
EXISTING_STORES = {
    "CreateStores": "false",
    "DatabaseSecretArn": SECRET,
    "DatabaseAdminSecretArn": SECRET,
    "RedisSecretArn": SECRET,
    "KafkaClusterArn": OUTPUTS["Outputs.KafkaClusterArn"],
}
DEPLOYMENTS = [{"Size": "evaluation"}, {"Size": "production", "PollerMode": "provisioned"}, EXISTING_STORES]

# The findings that are intended, by policy and issue, each with its reason.
INTENDED = {
    ("Boundary", "RESOURCE_STAR"): "Lambda creates its network interfaces with the role, on any resource",
    ("Boundary", "UNKNOWN_CONDITION_FOR_ACTION"): "Lambda adds lambda:SourceFunctionArn to every request of a function",
}
# SAM writes inline policies without a Version. It matters only to policies with variables, and none has one.
WITHOUT_VARIABLES = "NO_VERSION"


def documents():
    """The policies of roles and the managed policies, resolved, by name."""
    stacks = [Stack(transform(load(ROOT), given), given) for given in DEPLOYMENTS]
    proxy = load(REPOSITORY / "infrastructure/proxy.yaml")
    stacks.append(Stack(proxy, dict.fromkeys(proxy["Parameters"], "x") | {"DatabaseSecretArn": SECRET}))
    found = set()
    for stack in stacks:
        for name, resource in stack.resources().items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                found.add((name, json.dumps(properties["PolicyDocument"])))
            for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
                found.add((name, json.dumps(policy["PolicyDocument"])))
    return sorted(found)


def findings(document):
    issues = ((finding.issue, finding.detail) for finding in analyze_policy_string(document).findings)
    return [(issue, detail) for issue, detail in issues if issue != WITHOUT_VARIABLES]


@pytest.mark.parametrize(("name", "document"), documents())
def test_actions_fit_their_resources(name, document):
    unexpected = [finding for finding in findings(document) if (name, finding[0]) not in INTENDED]
    assert not unexpected, document
    assert "${" not in document


def test_intended_findings_still_occur():
    assert set(INTENDED) == {(name, issue) for name, document in documents() for issue, _ in findings(document)}


def test_an_action_without_a_resource_type_is_found_on_an_arn():
    statement = {"Effect": "Allow", "Action": "kafka:GetBootstrapBrokers", "Resource": EXISTING_STORES["KafkaClusterArn"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    [(issue, [mismatch])] = findings(document)
    assert (issue, mismatch["action"]) == ("RESOURCE_MISMATCH", "kafka:GetBootstrapBrokers")
