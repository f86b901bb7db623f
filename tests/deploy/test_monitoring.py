"""Alerts and the dashboard ask for what Kersey measures, and send people to pages that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.test_metrics import exposed

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
NAME = re.compile(r"\bkersey_[a-z_]+")
SELECTED = re.compile(r"(kersey_[a-z_]+)\{([^}]*)\}")
BY = re.compile(r"\bby \(([^)]*)\)")

ALERTS = [
    rule
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads(
    (MONITORING / "grafana" / "dashboards" / "kersey.json").read_text("utf-8")
)
PANELS = [each for each in DASHBOARD["panels"] if each["type"] != "row"]
ASKED = [rule["expr"] for rule in ALERTS] + [
    target["expr"] for panel in PANELS for target in panel["targets"]
]


def measured() -> dict[str, set[str]]:
    """Every series that Kersey shows, with its labels; a histogram is three."""
    found = {name: set(labels) for name, labels in exposed()}
    for name in [each for each in found if each.endswith("_seconds")]:
        found[f"{name}_count"] = found[name]
        found[f"{name}_bucket"] = found[name] | {"le"}
    return found


@pytest.mark.parametrize("expression", ASKED)
def test_what_is_asked_for_is_measured_with_those_labels(expression: str):
    series = measured()
    names = NAME.findall(expression)
    assert names
    assert set(names) <= set(series)
    known = set.union(*(series[name] for name in names))
    for listed in BY.findall(expression):
        assert {each.strip() for each in listed.split(",") if each.strip()} <= known
    for name, selectors in SELECTED.findall(expression):
        assert set(re.findall(r"(\w+)\s*!?=", selectors)) <= series[name]


def test_everything_that_is_measured_is_on_the_dashboard():
    asked = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    assert [name for name, _ in exposed() if name not in asked] == []


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_is_wrong_and_where_to_read_on(rule: Any):
    assert rule["labels"]["severity"] in {"page", "ticket"}
    labels = {each for group in BY.findall(rule["expr"]) for each in re.split(r",\s*", group)}
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert shown <= labels, "a summary fills in only what the question keeps"
    page, _, chapter = rule["annotations"]["runbook"].partition("#")
    text = (ROOT / "docs" / "guides" / page).read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert chapter in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def test_prometheus_asks_every_process_where_it_answers():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    ports = {
        name: int(re.findall(r":(\d+)$", each["healthcheck"]["test"][-1])[0])
        for name, each in compose.items()
        if each.get("command", [""])[0] in ("serve", "worker")
    }
    scraped = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    found = {each["names"][0]: each["port"] for job in scraped for each in job["dns_sd_configs"]}
    assert found == ports
    for name in ports:
        command = compose[name]["command"]
        assert command[command.index("--host") + 1] == "0.0.0.0", "else only itself can ask it"
