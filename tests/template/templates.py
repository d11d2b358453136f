"""The templates as CloudFormation sees them: transformed by SAM, and resolved for one set of parameters."""

import shlex
import tomllib
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REPOSITORY = Path(__file__).parents[2]
ROOT = REPOSITORY / "template.yaml"
NESTED = sorted((REPOSITORY / "infrastructure").glob("*.yaml"))

# A value for each parameter that is empty by default and that a condition compares with "".
EXAMPLES = {
    "CollectorLayerArn": "arn:aws:lambda:us-east-1:123456789012:layer:collector:1",
    "DatabaseProxyHost": "proxy.example.com",
    "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-AbCdEf",
}


class TransformError(Exception):
    """The SAM transform refuses the template, as CloudFormation would."""


def load(path):
    return yaml_parse(Path(path).read_text())


def transform(template, parameters):
    """Returns what the SAM transform makes of the template. Changes `template`, so pass a fresh one."""
    for resource in template["Resources"].values():
        properties = resource.setdefault("Properties", {})
        # `sam package` replaces local paths in the same way.
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://crosswalk-packages/function.zip"
        if "ContentUri" in properties:
            properties["ContentUri"] = "s3://crosswalk-packages/layer.zip"
    session = boto3.session.Session(region_name="us-east-1")
    try:
        return Translator({}, Parser(), boto_session=session).translate(template, dict(parameters))
    except InvalidDocumentException as error:
        raise TransformError("; ".join(cause.message for cause in error.causes)) from error


def parameters_in_conditions(template):
    """The names of the parameters that a condition reads."""
    return sorted(set(references(template["Conditions"])) & set(template["Parameters"]))


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def parameter_sets(template):
    """The defaults, then each other value of each parameter that a condition reads. The transform itself resolves no
    condition, so a combination of two values cannot fail where each alone passes."""
    changes = [
        {name: value}
        for name in parameters_in_conditions(template)
        for value in values_of(name, template["Parameters"][name])
        if value != template["Parameters"][name]["Default"]
    ]
    return [{}, *changes]


def values_of(name, parameter):
    if "AllowedValues" in parameter:
        return parameter["AllowedValues"]
    return ["", EXAMPLES[name]]


def deployments():
    """The parameters of each deployment in samconfig.toml, by the name of its environment."""
    config = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())
    environments = {name: value for name, value in config.items() if isinstance(value, dict)}
    return {name: overrides(environment) for name, environment in environments.items()}


def overrides(environment):
    pairs = environment.get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    # `sam deploy --guided` saves one string in place of a list.
    pairs = shlex.split(pairs) if isinstance(pairs, str) else pairs
    return dict(pair.split("=", 1) for pair in pairs)
