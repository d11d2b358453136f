"""The price tables of docs/operations.md: the arithmetic, the sums, and the quantities that the templates have."""

import ast
import operator

import pytest
from resolve import Stack
from templates import REPOSITORY, load

OPERATIONS = (REPOSITORY / "docs/operations.md").read_text()
TABLES = {"evaluation": "evaluation, idle", "production": "production with created stores, idle"}
SIZES = pytest.mark.parametrize("size", TABLES)
OPERATORS = {ast.Add: operator.add, ast.Mult: operator.mul}

# The largest bill that an engineer should find after an evaluation that was forgotten for a month.
EVALUATION_BUDGET = 170


def rows(heading):
    lines = OPERATIONS.split(f"| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def compute(node):
    if isinstance(node, ast.Expression):
        return compute(node.body)
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](compute(node.left), compute(node.right))
    return node.value


@SIZES
def test_arithmetic_and_sum_are_right(size):
    *items, total = rows(TABLES[size])
    for item, arithmetic, price in items:
        assert compute(ast.parse(arithmetic.replace("×", "*"), mode="eval")) == pytest.approx(float(price), abs=0.005), item
    assert float(total[2].strip("*")) == pytest.approx(sum(float(price) for _, _, price in items), abs=0.001)
    assert f"${round(float(total[2].strip('*')))} a month" in OPERATIONS


def test_evaluation_stays_within_its_budget():
    assert float(rows(TABLES["evaluation"])[-1][2].strip("*")) < EVALUATION_BUDGET


@SIZES
def test_alarm_metrics_are_counted(size):
    count = sum(metrics_of_alarms(path, size) for path in ("monitoring.yaml", "store-monitoring.yaml"))
    [row] = [row for row in rows(TABLES[size]) if row[0] == "alarms, by metric"]
    assert row[1] == f"{count} × 0.10"


def metrics_of_alarms(path, size):
    template = load(REPOSITORY / "infrastructure" / path)
    given = dict.fromkeys(template["Parameters"], "x") | {"Size": size}
    given |= {"PollerMode": "on-demand", "NatInEveryZone": "false", "NatIds": ["nat-1"]}
    given = {name: value for name, value in given.items() if name in template["Parameters"]}
    alarms = Stack(template, given).resources("AWS::CloudWatch::Alarm").values()
    return sum(metrics_of(alarm["Properties"]) for alarm in alarms)


def metrics_of(alarm):
    return sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1
