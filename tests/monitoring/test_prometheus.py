"""What Prometheus makes of Firn's numbers, with the rules and the dashboard of deploy/."""

import json
import re
import subprocess
import urllib.request

import pytest
import yaml

from conftest import DEPLOY, RULES

DASHBOARD = DEPLOY / "grafana" / "dashboards" / "firn.json"
# What Grafana puts in for its variables.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


def rules_of(kind):
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def dashboard_expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression


def test_promtool__finds_nothing_in_the_exposition(server, prometheus):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        text = answer.read()
    assert text.count(b"firn_") > 100
    assert promtool("check", "metrics", text=text) == ""


def test_promtool__finds_nothing_in_rules_and_config():
    assert "16 rules found" in promtool("check", "rules", RULES)
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")


def test_prometheus__scrapes_open_metrics_without_an_error(prometheus):
    targets = prometheus.get("targets")["activeTargets"]
    assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")]


@pytest.mark.parametrize("record", [rule["record"] for rule in rules_of("record")])
def test_rules__record_a_value(prometheus, record):
    result = prometheus.query(record)
    assert len(result) == 1, result
    assert result[0]["value"][1] not in ("NaN", "+Inf")


@pytest.mark.parametrize("rule", rules_of("alert"), ids=lambda rule: rule["alert"])
def test_alerts__look_at_something_that_is_there(prometheus, rule):
    """An alert that compares with a value that nobody exposes would be silent for ever."""
    compared = re.fullmatch(r"(.*) (?:>|==) [0-9.]+", rule["expr"]).group(1)
    assert prometheus.query(compared), compared
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    assert rule["labels"]["severity"] in ("page", "ticket", "info")


def test_alerts__are_silent_while_all_is_well(prometheus):
    assert prometheus.get("alerts")["alerts"] == []


@pytest.mark.parametrize("title,expression", list(dashboard_expressions()))
def test_dashboard__has_data_in_every_panel(prometheus, title, expression):
    assert prometheus.query(expression), title
