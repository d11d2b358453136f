"""The dashboard's expressions are valid, and every function is watched.

Syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

import json
import re

import pytest
from resolve import Stack
from templates import REPOSITORY, ROOT, load

# A name without quotation marks; one with any other character needs them.
NAME = r'(?:[A-Za-z0-9]+|"[^"]+")'
SCHEMA = rf"\{{(?:AWS/[A-Za-z]+|{NAME})(?:, ?{NAME})*\}}"
TERM = rf'[A-Za-z]+={NAME}'
SEARCH = re.compile(rf"SEARCH\('{SCHEMA}(?: {TERM})+', '(?:Sum|Maximum|Average|p\d\d)', \d+\)")
PER_FUNCTION = ["Errors", "ConcurrentExecutions", "Throttles", "Duration"]

# A name with a hyphen, as most stacks have.
GIVEN = {
    "Name": "crosswalk-prod",
    "Size": "production",
    "PollerMode": "provisioned",
    "ApiId": "a1b2c3",
    "WebhooksMappingId": "11111111-2222-3333-4444-555555555555",
    "ContactsMappingId": "66666666-7777-8888-9999-000000000000",
    "FailedBatchNotices": "notices",
    "AlarmEmail": "operators@example.com",
    "AlarmTopicArn": "",
    "ServerErrorPercent": 1,
    "LatencyMilliseconds": 500,
    "RelayLagMilliseconds": 10000,
    "OffsetLag": 1000,
}


def monitoring(**changes):
    return Stack(load(REPOSITORY / "infrastructure/monitoring.yaml"), GIVEN | changes)


def widgets():
    return json.loads(monitoring().resources()["Dashboard"]["Properties"]["DashboardBody"])["widgets"]


def metrics_of_widgets():
    for widget in widgets():
        yield from widget["properties"]["metrics"]


def function_names():
    functions = [it for it in load(ROOT)["Resources"].values() if it["Type"] == "AWS::Serverless::Function"]
    return sorted(f"crosswalk-prod-{function['Metadata']['BuildProperties']['Binary']}" for function in functions)


def test_search_expressions_are_valid():
    expressions = [metric[0]["expression"] for metric in metrics_of_widgets() if isinstance(metric[0], dict)]
    assert expressions
    for expression in expressions:
        sum_of = re.fullmatch(r"SUM\((.*)\)", expression)
        assert SEARCH.fullmatch(sum_of[1] if sum_of else expression), expression


def test_search_in_an_unquoted_namespace_with_a_hyphen_is_invalid():
    assert not SEARCH.fullmatch("SEARCH('{Crosswalk/crosswalk-prod,Function} MetricName=\"Latency\"', 'p99', 60)")


@pytest.mark.parametrize("metric", PER_FUNCTION)
def test_dashboard_shows_every_function(metric):
    [widget] = [it for it in widgets() if it["properties"]["metrics"][0][1:2] == [metric]]
    assert sorted(row[-1] for row in widget["properties"]["metrics"]) == function_names()


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_an_alarm_watches_every_function_once(metric):
    alarms = monitoring().resources("AWS::CloudWatch::Alarm").values()
    stats = [part.get("MetricStat", {}).get("Metric", {}) for alarm in alarms for part in alarm["Properties"].get("Metrics", [])]
    watched = [it["Dimensions"][0]["Value"] for it in stats if (it.get("Namespace"), it.get("MetricName")) == ("AWS/Lambda", metric)]
    assert sorted(watched) == function_names()


def test_alarms_add_up_at_most_ten_metrics():
    for name, alarm in monitoring().resources("AWS::CloudWatch::Alarm").items():
        assert len(alarm["Properties"].get("Metrics", [])) <= 10, name


def test_polling_is_watched_in_both_poller_modes():
    on_demand = monitoring(PollerMode="on-demand").resources("AWS::CloudWatch::Alarm")
    provisioned = monitoring().resources("AWS::CloudWatch::Alarm")
    for consumer in ("Webhooks", "Contacts"):
        assert f"{consumer}NotPolled" in on_demand
        assert f"{consumer}PollersStopped" not in on_demand
        for alarm in ("NotPolled", "PollersStopped", "PollingErrors"):
            assert f"{consumer}{alarm}" in provisioned
