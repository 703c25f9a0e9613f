"""What is stored is told to those who hear it. y-websocket has no word for it: nothing is kept up for its sockets."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pycrdt import Doc, Text

from actors.kernel.contract.entity import packet_of
from actors.kernel.contract.protocol import TopicDelivery
from actors.worksheets.document.commands import DocumentJoined
from actors.worksheets.document.wire import SYNC, message_payload
from actors.worksheets.yjs.messages import update_message
from actors.worksheets.yjs.update import parse_state_vector
from common.clock import SystemClock
from realtime.delivery.connections import Connection
from realtime.delivery.requests import Hello
from realtime.front.hub import Hub
from serve_app.capabilities.worksheets.writing.sheets import OpenDocuments


class Gateway:
    """One document at it, in which somebody types; `told` is what it says of what is stored."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = Hub("g", SystemClock(), CollectorRegistry(), unlisten=lambda _: None, max_rooms=1, max_watched=1)
        unused: Any = None
        self.sheets = OpenDocuments(self.hub, unused, most_joined=9)
        self.told: list[TopicDelivery] = []
        self.doc: Doc[Any] = Doc(client_id=5000)
        self.seq = 0
        monkeypatch.setattr(self.hub, "deliver", self.told.extend)

    def typed(self) -> TopicDelivery:
        """The delivery of one more character."""
        before = self.doc.get_state()
        self.doc.get("text:plan", type=Text).insert(0, "x")
        self.seq += 1
        packet = packet_of(SYNC, message_payload("asg_1", 1))
        update = update_message(self.doc.get_update(before))
        return TopicDelivery(topic="assignment:asg_1", version=self.seq, packet=packet, attachments=(update,))

    def heard(self, *deliveries: TopicDelivery) -> None:
        """A region has brought these; what is due is said."""
        self.hub._tell_overheard(deliveries)
        self.hub.deadlines.run_due()

    def joins(self, told: list[TopicDelivery] | None, version: int) -> None:
        """A socket joins, as of the version."""
        writer: Any = None
        vector = Doc[Any](client_id=5000).get_state() if version == 0 else self.doc.get_state()
        joined = DocumentJoined(assignment=None, attempt=1, seq=0, writable=[], sync=b"\0\0", state_vector=vector)
        self.sheets.join("asg_1", Connection(f"s{version}", writer, Hello()), joined, version, told=told)
        self.hub.deadlines.run_due()


def test_nothing_is_said_where_nobody_hears_it_and_all_of_it_to_who_comes_then(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(monkeypatch)
    gateway.joins(None, 0)
    gateway.heard(gateway.typed())
    assert gateway.told == []
    gateway.joins([], 1)
    gateway.heard(gateway.typed())
    (told,) = gateway.told
    assert parse_state_vector(told.attachments[0]) == {5000: 2}


def test_what_came_while_somebody_joined_is_in_what_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(monkeypatch)
    gateway.joins([gateway.typed()], 0)
    (told,) = gateway.told
    assert parse_state_vector(told.attachments[0]) == {5000: 1}
    missed = Gateway(monkeypatch)
    missed.typed()
    missed.joins([], 0)
    assert missed.told == []  # the twin: what came meanwhile is not handed on
