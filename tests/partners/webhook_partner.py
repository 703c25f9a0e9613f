"""A partner who exists in tests alone, and whom its events concern: declared as a capability declares its own.

`acme` posts `{id, what, about}`, or a list of them, signed in one header with a time. Whom an event concerns is the
ledger of its name (`ledger:<about>`): it takes what it is told once it was opened, and answers that it has it.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Principal,
    Recorded,
)
from common.errors import PermissionDenied
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner
from serve_app.edge.webhooks.verifiers import TimedSignature

SECRETS: Final = (b"new-secret", b"old-secret")
_pack: Final = msgspec.msgpack.Encoder().encode


class AcmeEvent(msgspec.Struct):
    """What acme tells."""

    id: str
    what: str = "paid"
    about: str = ""
    note: str = ""


_decode: Final = msgspec.json.Decoder(AcmeEvent | list[AcmeEvent]).decode


def signed(body: bytes, now_ms: int, *, secret: bytes = SECRETS[0], ahead_s: int = 0) -> dict[str, str]:
    """The headers of a request of acme's."""
    time = str(now_ms // 1000 + ahead_s)
    mac = hmac.new(secret, f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    return {"acme-signature": f"t={time},v1={mac}"}


def acme(window_s: float = 300.0) -> WebhookPartner:
    """The partner."""
    return WebhookPartner("acme", TimedSignature(SECRETS, "acme-signature", window_s), _events, _to)


def _events(raw: bytes) -> Sequence[Arrival]:
    found = _decode(raw)
    listed = found if isinstance(found, list) else [found]
    return [Arrival(one.id, one.what, msgspec.json.encode(one)) for one in listed]


def _to(arrival: Arrival, entity: str) -> Letter | None:
    event = msgspec.json.decode(arrival.body, type=AcmeEvent)
    return Letter(f"ledger:{event.about}", _pack(Tell(entity, arrival.id))) if event.about else None


class Entries(msgspec.Struct, frozen=True):
    """What a ledger knows."""

    told: list[str]


class OpenLedger(Command[Entries], frozen=True, tag="open"):
    """From now on it knows what it is about."""


class Tell(Command[Entries], frozen=True, tag="tell"):
    """What a partner said."""

    arrival: str
    event: str


class GetEntries(Command[Entries], frozen=True, tag="get"):
    """What it was told, in order."""


class Opened(Event, frozen=True, kw_only=True, tag="opened"):
    """It is there."""


class Told(Event, frozen=True, kw_only=True, tag="told"):
    """It was told."""

    arrival: str
    event: str


class _Handed(msgspec.Struct, frozen=True, tag="handed"):
    """Kinds do not import each other: this is `actors.arrivals.commands.NoteHandedOver`."""


@dataclass(slots=True)
class Ledger:
    """Whom acme's events concern."""

    opened: bool = False
    told: list[str] = field(default_factory=list)

    def decide(self, command: OpenLedger | Tell | GetEntries, context: Context, version: int) -> Decision:
        entries = Entries(self.told)
        if isinstance(command, OpenLedger):
            return Decision(entries, events=[Opened()])
        if isinstance(command, Tell) and self.opened:
            return Decision(entries, events=[Told(arrival=command.arrival, event=command.event)])
        return Decision(entries)

    def apply(self, event: Opened | Told, seq: int, at_ms: int) -> None:
        if isinstance(event, Opened):
            self.opened = True
        elif event.event not in self.told:
            self.told = [*self.told, event.event]


class LedgerKind(Kind[Ledger, OpenLedger | Tell | GetEntries, Opened | Told]):
    """`ledger:<name>`."""

    name = "ledger"
    commands = OpenLedger | Tell | GetEntries
    events = Opened | Told

    @override
    def create(self, key: str) -> Ledger:
        return Ledger()

    @override
    def snapshot(self, entity: Ledger) -> bytes:
        return _pack((entity.opened, entity.told))

    @override
    def restore(self, key: str, state: bytes) -> Ledger:
        return Ledger(*msgspec.msgpack.decode(state))

    @override
    def admit(self, entity: Ledger, by: Principal) -> None:
        raise PermissionDenied("Nobody listens here.")

    @override
    def show(self, entity_id: str, recorded: Recorded[Opened | Told], part: Any) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[Opened | Told], part: Any) -> Effects | None:
        event = recorded.event
        return Effects(letters=[Letter(event.arrival, _pack(_Handed()))]) if isinstance(event, Told) else None
