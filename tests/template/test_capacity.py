"""The stack fits into the quotas of AWS, and its instances into the sessions of the database."""

import json
import re

import pytest
from resolve import Stack
from templates import REPOSITORY, ROOT, deployments, load, transform

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html. 100 are left for growth.
RESOURCES = 500 - 100
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, in characters without white space.
MANAGED_POLICY, INLINE_POLICIES = 6_144, 10_240
# An account may reserve all but 100 of its 1,000 concurrent executions, unless its quota was raised.
RESERVABLE = 1_000 - 100

PRODUCTION = {"Size": "production", "CreateStores": "true"}
EVALUATION = {"Size": "evaluation", "CreateStores": "true"}
SIZES = pytest.mark.parametrize("given", [PRODUCTION, EVALUATION], ids=["production", "evaluation"])


def stack(given):
    return Stack(transform(load(ROOT), given), given)


def stores(size):
    required = {"Name": "crosswalk", "VpcId": "vpc-1", "SubnetIds": ["a", "b"], "FunctionsGroupId": "sg-1"}
    unused = {"DatabaseName": "crosswalk", "DatabaseVersion": "17.7", "DatabaseMinCapacity": 1}
    more = {"DatabaseMaxCapacity": 16, "DeletionProtection": "true"}
    return Stack(load(REPOSITORY / "infrastructure/stores.yaml"), {"Size": size, **required, **unused, **more})


def max_connections(size):
    groups = [
        resource["Properties"]["Parameters"]
        for resource in stores(size).resources().values()
        if resource["Type"] in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
    ]
    [settings] = groups
    return int(settings["max_connections"])


def functions(given):
    """The properties of the functions by the name of their binary."""
    prefix = "crosswalk-"
    resources = stack(given).resources("AWS::Lambda::Function").values()
    return {function["Properties"]["FunctionName"].removeprefix(prefix): function["Properties"] for function in resources}


def sessions(name):
    """The sessions of one instance, from the code: the pool, and the relay's lease."""
    settings = (REPOSITORY / "shared/src/config/settings.rs").read_text()
    pool = int(re.search(r'"CROSSWALK_DATABASE_POOL", (\d+)', settings)[1])
    return pool + 1 if name == "relay-outbox" else pool


def partitions():
    topics = (REPOSITORY / "functions/prepare-kafka/src/topics.rs").read_text()
    return int(re.search(r"const PARTITIONS: i32 = (\d+);", topics)[1])


def size(policy):
    return len(re.sub(r"\s", "", json.dumps(policy, separators=(",", ":"))))


@SIZES
def test_resources_leave_room_for_growth(given):
    assert len(stack(given).template["Resources"]) <= RESOURCES


@SIZES
def test_policies_fit_into_the_quotas(given):
    resources = stack(given).resources()
    for name, resource in resources.items():
        match resource["Type"]:
            case "AWS::IAM::ManagedPolicy":
                assert size(resource["Properties"]["PolicyDocument"]) <= MANAGED_POLICY, name
            case "AWS::IAM::Role":
                inline = [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", [])]
                assert sum(map(size, inline)) <= INLINE_POLICIES, name
                assert len(resource["Properties"].get("ManagedPolicyArns", [])) <= 10, name


@pytest.mark.parametrize("environment", [name for name, given in deployments().items() if given["Size"] == "production"])
def test_reserved_concurrency_fits_into_an_account(environment):
    assert 0 < reserved(deployments()[environment]) <= RESERVABLE


def test_documented_number_of_reserved_instances_is_the_sum_of_the_template():
    text = (REPOSITORY / "docs/operations.md").read_text()
    assert f"production reserves {reserved(PRODUCTION)} instances" in " ".join(text.split())


def reserved(given):
    bounds = {name: function.get("ReservedConcurrentExecutions") for name, function in functions(given).items()}
    unbounded = [name for name, bound in bounds.items() if bound is None]
    assert not unbounded, f"without reserved concurrency: {unbounded}"
    return sum(map(int, bounds.values()))


def test_two_generations_of_production_instances_leave_a_fifth_of_the_sessions():
    instances = {name: int(function["ReservedConcurrentExecutions"]) for name, function in functions(PRODUCTION).items()}
    generation = sum(count * sessions(name) for name, count in instances.items())
    assert 2 * generation * 10 <= 8 * max_connections("production"), f"{generation} sessions in one generation"


def test_two_generations_of_evaluation_instances_leave_a_fifth_of_the_sessions():
    given = functions(EVALUATION)
    assert all("ReservedConcurrentExecutions" not in function for function in given.values())
    [api] = stack(EVALUATION).resources("AWS::ApiGatewayV2::Stage").values()
    throttle = api["Properties"]["DefaultRouteSettings"]
    # A token bucket admits its burst at once, then its rate for as long as the slowest request lasts.
    requests = throttle["ThrottlingBurstLimit"] + throttle["ThrottlingRateLimit"] * given["get-contact"]["Timeout"]
    pollers = 2 * partitions()
    # Two runs of the relay overlap; of these functions one instance works at a time.
    relays = 2 * sessions("relay-outbox")
    single = len(["migrate-database", "purge-expired", "rotate-database-password"])
    generation = (requests + pollers + single) * sessions("get-contact") + relays
    assert 2 * generation * 10 <= 8 * max_connections("evaluation"), f"{generation} sessions in one generation"
