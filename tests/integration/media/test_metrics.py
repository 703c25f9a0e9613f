"""What operators see of meetings and media: figures, and nobody's name."""

import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry, generate_latest

from actors.kernel.shard.metrics import ShardMetrics
from actors.kernel.shard.residents.resident import TurnDraft
from actors.meetings.kind import MeetingKind
from actors.meetings.reports import MoveMedia
from actors.meetings.state import Config, MeetingTimes
from serve_app.capabilities.meetings.metrics import JoinMetrics, MeetingCensus
from serve_app.capabilities.meetings.workers.plane import WorkerPlane
from serve_app.processes.peers import ask_process
from store.mongo.client import Database
from store.mongo.processes import ProcessRegistry
from tests.clients.media_worker import worker_settings
from tests.integration.media.clients import Picture
from tests.integration.media.house import Caller, Meetings, a_room, a_worker
from tests.mongo import free_port
from tests.unit.meetings.house import DOORS, Meeting, come

DEPLOY = Path(__file__).parents[3] / "deploy"
NAME = re.compile(r"carewire_[a-z_]+[a-z]")


async def test_a_worker_tells_what_it_forwards_and_nobodys_address(
    mongo: Database, mongo_url: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("WORKER_DATA", str(tmp_path))
    port = free_port()
    settings = worker_settings(mongo_url, mongo.name, f"{port}-{port + 20}")
    plane = WorkerPlane(mongo, None)
    async with a_worker(mongo, settings, Meetings()) as process:
        room = a_room("ann", "ben", worker="media-0")
        ann, ben = Caller(plane, room, "ann"), Caller(plane, room, "ben")
        try:
            ann.send("camera", Picture(200))
            ben.receive(audio=0)
            await ann.enter()
            await ben.enter()
            await ben.sees("0", 3)
            process.worker.unit.dropped["rubbish"] += 1
            registered = await ProcessRegistry(mongo).holder("media-0")
            assert registered is not None
            page = (await ask_process(registered, "metrics", 10)).decode()
        finally:
            await ann.leave()
            await ben.leave()
            await plane.links.close()
    assert 'carewire_media_packets_total{direction="out"}' in page
    assert 'carewire_media_dropped_total{reason="rubbish"}' in page
    assert {"carewire_media_streams", "carewire_media_load"} <= set(NAME.findall(page))
    assert not any(secret in page for secret in ("prt_", "usr_", "mtg_", "127.0.0.1"))


def test_a_move_is_counted_by_its_reason() -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="off", max_participants=4))
    come(meeting, "host", "ann")
    meeting.tell(MoveMedia(meeting.record.media.epoch, "worker_lost", "sfu", worker="media-1"))
    kind, metrics = MeetingKind(MeetingTimes(), DOORS), ShardMetrics("care-0")
    counted = [found for event, _ in meeting.history if (found := kind.counted(event)) is not None]
    assert counted == [("meeting_moves", "worker_lost")]
    draft = TurnDraft.__new__(TurnDraft)
    draft.events, draft.decided, draft.counted, draft.turn = [], [], counted, object()  # type: ignore[assignment]
    metrics.turn([draft, draft], 0.1)
    assert b'carewire_meeting_moves_total{reason="worker_lost"} 2.0' in generate_latest(metrics.registry)


async def test_meetings_are_counted_by_their_status(mongo: Database) -> None:
    registry = CollectorRegistry()
    JoinMetrics(registry).seconds.observe(0.02)
    documents = [("live", "*"), ("live", "*"), ("open", "*"), ("live", "ada"), ("ended", "*")]
    await mongo["meetings"].insert_many([{"f": {"status": status, "user": user}} for status, user in documents])

    async def relays() -> str:
        return "down"

    census = MeetingCensus(mongo, registry, relays)
    await census.look()
    page = generate_latest(registry).decode()
    for status, count in (("scheduled", 0.0), ("open", 1.0), ("live", 2.0)):
        assert f'carewire_meetings{{status="{status}"}} {count}' in page
    assert "carewire_turn_up 0.0" in page
    assert "carewire_meeting_join_seconds_count 1.0" in page


def test_what_rings_is_drawn() -> None:
    drawn = set(NAME.findall((DEPLOY / "grafana.json").read_text()))
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    (meetings,) = (group for group in groups if group["name"] == "carewire-meetings")
    ringing = {name for rule in meetings["rules"] for name in NAME.findall(rule["expr"])}
    assert ringing
    assert ringing <= drawn
