"""Resolves a template for one set of parameters, with placeholders for what only a deployment knows."""

import ipaddress
import re

ACCOUNT, REGION = "123456789012", "us-east-1"
NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/crosswalk/1",
    "AWS::StackName": "crosswalk",
    "AWS::URLSuffix": "amazonaws.com",
}
# The ARN of a resource of each type that a policy of the templates names.
ARNS = {
    "AWS::ElastiCache::ServerlessCache": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscache:x",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/x",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/x",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:x:*",
    "AWS::S3::Bucket": "arn:aws:s3:::x",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:x",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:x",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x-AbCdEf",
}
# The outputs of nested stacks that are ARNs.
OUTPUTS = {
    "Outputs.AdminSecretArn": ARNS["AWS::SecretsManager::Secret"],
    "Outputs.RedisSecretArn": ARNS["AWS::SecretsManager::Secret"],
    "Outputs.KafkaClusterArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/x/0f5e1d2c-1",
    "Outputs.AlarmTopicArn": ARNS["AWS::SNS::Topic"],
}


class Stack:
    """A template and the values of its parameters."""

    def __init__(self, template, given):
        self.template = template
        declared = template.get("Parameters", {})
        defaults = {name: parameter["Default"] for name, parameter in declared.items() if "Default" in parameter}
        self.parameters = {**defaults, **given}
        unknown = set(given) - set(declared)
        assert not unknown, f"the template has no parameters {sorted(unknown)}"

    def resources(self, kind=None):
        """The resources that the stack has with these parameters, resolved, by logical id."""
        return {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
            if (kind is None or resource["Type"] == kind) and self.condition(resource.get("Condition"))
        }

    def condition(self, name):
        return name is None or self.holds(self.template["Conditions"][name])

    def holds(self, condition):
        [(function, argument)] = condition.items()
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                one, other = (str(self.resolve(side)) for side in argument)
                return one == other
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(self.holds(part) for part in argument)
            case "Fn::Or":
                return any(self.holds(part) for part in argument)
        raise ValueError(f"unknown condition function {function}")

    def resolve(self, node):
        if isinstance(node, list):
            return [item for item in map(self.resolve, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(function, argument)] = node.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self.call(function, argument)
        members = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not NO_VALUE}

    def call(self, function, argument):
        match function:
            case "Ref":
                return self.reference(argument)
            case "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.condition(condition) else no)
            case "Fn::GetAtt":
                return self.attribute(argument if isinstance(argument, list) else argument.split(".", 1))
            case "Fn::Sub":
                return self.substitute(argument)
            case "Fn::Join":
                separator, parts = argument
                return separator.join(str(part) for part in self.resolve(parts))
            case "Fn::Select":
                index, items = argument
                return self.resolve(items)[int(index)]
            case "Fn::Split":
                separator, text = argument
                return self.resolve(text).split(separator)
            case "Fn::GetAZs":
                return [f"{REGION}a", f"{REGION}b"]
            case "Fn::Cidr":
                _, count, bits = argument
                network = ipaddress.ip_network("10.64.0.0/20")
                return [str(part) for part in network.subnets(new_prefix=32 - bits)][:count]
        raise ValueError(f"unknown function {function}")

    def reference(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.template["Resources"][name]["Type"]
        named_by_arn = ("AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::IAM::ManagedPolicy")
        return ARNS[kind] if kind in named_by_arn else name

    def attribute(self, path):
        name, attribute = path
        if attribute in OUTPUTS:
            return OUTPUTS[attribute]
        kind = self.template["Resources"][name]["Type"]
        return ARNS[kind] if attribute == "Arn" and kind in ARNS else f"{name}.{attribute}"

    def substitute(self, argument):
        text, given = argument if isinstance(argument, list) else (argument, {})

        def value(match):
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in given:
                return str(self.resolve(given[name]))
            return str(self.attribute(name.split(".", 1)) if "." in name else self.reference(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)
