"""What operators see of writing together."""

import re
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, generate_latest

from serve_app.capabilities.worksheets.writing.metrics import STORED, WritingMetrics

DEPLOY = Path(__file__).parents[4] / "deploy"
NAME = re.compile(r"carewire_[a-z_]+")


def test_updates_are_counted_by_what_became_of_them() -> None:
    registry = CollectorRegistry()
    metrics = WritingMetrics(registry)
    for outcome in (STORED, STORED, "permission_denied", "a code of tomorrow"):
        metrics.became(outcome)
    metrics.counts(lambda: 7)
    page = generate_latest(registry).decode()
    for outcome, count in ((STORED, 2.0), ("permission_denied", 1.0), ("internal", 1.0), ("unavailable", 0.0)):
        assert f'carewire_worksheet_updates_total{{outcome="{outcome}"}} {count}' in page
    assert "carewire_worksheets_open 7.0" in page


def test_what_rings_of_worksheets_is_drawn() -> None:
    drawn = set(NAME.findall((DEPLOY / "grafana.json").read_text()))
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    (worksheets,) = (group for group in groups if group["name"] == "carewire-worksheets")
    ringing = {name for rule in worksheets["rules"] for name in NAME.findall(rule["expr"])}
    assert ringing
    assert ringing <= drawn
