"""CloudFormation accepts the templates: SAM transforms the root template, and cfn-lint finds nothing in the result."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from samcli.commands.deploy.auth_utils import auth_per_resource
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from templates import NESTED, REPOSITORY, ROOT, TransformError, load, parameter_sets, transform

CFN_LINT = Path(sys.executable).with_name("cfn-lint")

# The mistake that cfn-lint and `sam validate --lint` overlook: an !If above a member that SAM reads itself.
BROKEN = """
Transform: AWS::Serverless-2016-10-31
Parameters: {PollerMode: {Type: String, Default: on-demand}}
Conditions: {Provisioned: !Equals [!Ref PollerMode, provisioned]}
Resources:
  Consume:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/
      Events:
        Topic:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/x/1
            Topics: [contacts]
            StartingPosition: TRIM_HORIZON
            DestinationConfig: !If [Provisioned, {OnFailure: {Destination: arn:aws:s3:::failed}}, !Ref AWS::NoValue]
"""


@pytest.fixture(scope="module")
def transformed(tmp_path_factory):
    """Each distinct result of the transform, for each value of every parameter that a condition reads."""
    results = {json.dumps(transform(load(ROOT), parameters)) for parameters in parameter_sets(load(ROOT))}
    folder = tmp_path_factory.mktemp("transformed")
    for number, text in enumerate(sorted(results)):
        template = json.loads(text)
        # Absolute, so that cfn-lint finds the nested templates and checks the parameters that they are given.
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::CloudFormation::Stack":
                resource["Properties"]["TemplateURL"] = str(REPOSITORY / resource["Properties"]["TemplateURL"])
        (folder / f"{number}.json").write_text(json.dumps(template))
    return sorted(folder.iterdir())


def test_transform_accepts_each_value_of_every_parameter_in_a_condition(transformed):
    assert transformed


def test_linter_finds_nothing_in_the_transformed_template(transformed):
    # W1030: an optional parameter is empty by default. W3002 asks for `sam package`, which replaces local paths.
    lint("--ignore-checks", "W1030", "W3002", "--", *transformed)


def test_linter_finds_nothing_in_the_templates_as_written():
    lint("--", ROOT, *NESTED)


def test_transform_refuses_a_condition_above_a_property_that_sam_reads(tmp_path):
    template = tmp_path / "broken.yaml"
    template.write_text(BROKEN)
    with pytest.raises(TransformError, match="'DestinationConfig.OnFailure' should be a map"):
        transform(load(template), {"PollerMode": "on-demand"})


def test_no_output_has_the_name_of_a_parameter():
    template = load(ROOT)
    # `sam build` resolves such a name to the parameter's value, and fails if that is a list.
    assert not set(template["Outputs"]) & set(template["Parameters"])


def test_guided_deployment_asks_no_question_about_a_route(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stacks, _ = SamLocalStackProvider.get_stacks(str(ROOT))
    routes = auth_per_resource(stacks)
    # It asks, with "no" as the default, for each route that seems to have no authentication.
    assert routes and all(authenticated for _, authenticated in routes)


def lint(*arguments):
    run = subprocess.run([CFN_LINT, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
