"""A small kind that uses everything the kernel offers: notes about numbered entries, with secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Library,
    Principal,
    Query,
    Recorded,
    SetTimer,
    Shown,
    Signal,
)
from actors.kernel.contract.reactions import NOTHING, Owed, Reaction
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from store.ports.views import Index, View


class Write(msgspec.Struct, frozen=True, tag="write"):
    """Add an entry; `tell` names another ledger that gets a copy by letter, `quote` one that gets it sealed, by a rule.
    What came sealed is the text."""

    text: str
    tell: str = ""
    quote: str = ""
    secret: bytes | None = None


class Amend(msgspec.Struct, frozen=True, tag="amend"):
    """Replace the text of an entry."""

    seq: int
    text: str


class Strike(msgspec.Struct, frozen=True, tag="strike"):
    """Delete an entry's text for good."""

    seq: int


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """A note: up to where the caller has read."""

    seq: int


class Remind(msgspec.Struct, frozen=True, tag="remind"):
    """Write `text` after `after_ms`."""

    text: str
    after_ms: int


class Hum(msgspec.Struct, frozen=True, tag="hum"):
    """An ephemeral event."""


class Break(msgspec.Struct, frozen=True, tag="break"):
    """A bug."""


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    """Read all entries from storage."""


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """Evict the caller."""


Commands = Write | Amend | Strike | Seen | Remind | Hum | Break | Pages | Leave


class Written(Event, frozen=True, tag="written"):
    """An entry."""

    copied_from: str = ""
    tell: str = ""
    quote: str = ""


class Amended(Event, frozen=True, tag="amended"):
    """An entry has another text."""

    entry: int


class Struck(Event, frozen=True, tag="struck"):
    """An entry has no text any more; `versions` are the events that held one."""

    entry: int
    versions: tuple[int, ...]


class Marked(Event, frozen=True, tag="marked"):
    """A reader's watermark."""

    seq: int


class Left(Event, frozen=True, tag="left"):
    """Somebody hears no more."""

    user: str


Events = Written | Amended | Struck | Marked | Left


class ReadPages(Query, frozen=True):
    """All entries."""


@dataclass
class Entry:
    """A part: one entry as it is now."""

    text: str
    author: str
    texts: tuple[int, ...]
    struck: bool = False


@dataclass
class Ledger:
    """Counts entries and remembers watermarks."""

    key: str
    entries: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    authors: list[str] = field(default_factory=list)

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        user = context.by.user or "system"
        match command:
            case Write(text, tell, quote, secret):
                event = Written(author=user, secret=text.encode() if secret is None else secret, tell=tell, quote=quote)
                return Decision({"seq": version + 1, "at": context.now_ms}, events=[event])
            case Amend(seq, text):
                self._entry(context, seq)
                return Decision({"seq": version + 1}, events=[Amended(author=user, secret=text.encode(), entry=seq)])
            case Strike(seq):
                entry = self._entry(context, seq)
                return Decision({"seq": version + 1}, events=[Struck(author=user, entry=seq, versions=entry.texts)])
            case Seen(seq):
                if seq <= self.marks.get(user, 0):
                    return Decision({})
                return Decision({}, notes=[Marked(author=user, seq=seq)])
            case Remind(text, after_ms):
                packed = msgspec.msgpack.encode(Write(text))
                return Decision({}, timers=[SetTimer(f"remind:{text}", context.now_ms + after_ms, packed)])
            case Hum():
                return Decision({}, signals=[Signal("hum", b"{}", skip=(user,))])
            case Pages():
                return Decision(ReadPages())
            case Leave():
                return Decision({}, events=[Left(author=user, user=user)])
        raise ZeroDivisionError("a bug")

    def _entry(self, context: Context, seq: int) -> Entry:
        entry: Entry | None = context.parts[str(seq)]
        if entry is None:
            raise NotFound("There is no such entry.")
        if entry.struck:
            raise FailedPrecondition("The entry was deleted.")
        return entry

    def apply(self, event: Any, seq: int, at_ms: int) -> None:
        match event:
            case Written():
                self.entries += 1
                self.authors.append(event.author)
            case Marked():
                self.marks[event.author] = max(self.marks.get(event.author, 0), event.seq)


class LedgerKind(Kind[Ledger, Any, Any, Entry]):
    """See the module."""

    name = "ledger"
    commands = Commands
    events = Events
    indexes = (Index("entries", ("entity", "seq")),)

    @override
    def create(self, key: str) -> Ledger:
        return Ledger(key)

    @override
    def snapshot(self, entity: Ledger) -> bytes:
        return msgspec.msgpack.encode((entity.entries, entity.marks, entity.authors))

    @override
    def restore(self, key: str, state: bytes) -> Ledger:
        entries, marks, authors = msgspec.msgpack.decode(state)
        return Ledger(key, entries, marks, authors)

    @override
    def admit(self, entity: Ledger, by: Principal) -> None:
        if by.user == "stranger":
            raise PermissionDenied("This ledger is not yours.")

    @override
    def is_primary(self, event: Any) -> bool:
        return isinstance(event, Written)

    @override
    def needs(self, entity: Ledger, command: Any) -> Sequence[str]:
        return (str(command.seq),) if isinstance(command, Amend | Strike) else ()

    @override
    def part_of(self, recorded: Recorded[Any]) -> str | None:
        match recorded.event:
            case Written():
                return str(recorded.seq)
            case Amended() | Struck():
                return str(recorded.event.entry)
        return None

    @override
    def fold(self, part: Entry | None, recorded: Recorded[Any]) -> Entry:
        event = recorded.event
        text = (event.secret or b"").decode()
        match event:
            case Written():
                return Entry(text, event.author, (recorded.seq,))
            case Amended():
                assert part is not None
                return Entry(text, part.author, (*part.texts, recorded.seq))
        assert part is not None
        return Entry("", part.author, part.texts, struck=True)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Entry]:
        views = await library.view("entries", [f"{entity_id}#{key}" for key in keys])
        found = {view.id.rpartition("#")[2]: _from_view(view) for view in views.values()}
        absent = [int(key) for key in keys if key not in found]
        for recorded in await library.at(entity_id, absent) if absent else []:
            if isinstance(recorded.event, Written):
                found[str(recorded.seq)] = self.fold(None, recorded)
        return found

    @override
    def effects(self, entity_id: str, recorded: Recorded[Any], part: Entry | None) -> Effects | None:
        event = recorded.event
        if isinstance(event, Written):
            if not event.tell:
                return None
            copy = msgspec.msgpack.encode(Write(f"copy of {(event.secret or b'').decode()}"))
            return Effects(letters=[Letter(event.tell, copy)])
        if isinstance(event, Amended | Struck):
            assert part is not None
            fields: dict[str, str | int | bool | None] = {"entity": entity_id, "seq": event.entry}
            data = msgspec.msgpack.encode((part.author, part.texts, part.struck))
            secret = part.text.encode() or None
            view = View("entries", f"{entity_id}#{event.entry}", recorded.seq, fields, data, secret)
            redact = event.versions if isinstance(event, Struck) else ()
            return Effects(views=[view], owner=part.author, redact=redact)
        return None

    @override
    def show(self, entity_id: str, recorded: Recorded[Any], part: Entry | None) -> Shown | None:
        event = recorded.event
        payload = {"seq": recorded.seq, "text": part.text if part is not None else ""}
        if isinstance(event, Marked):
            payload = {"seq": event.seq, "text": event.author}
        evict = event.user if isinstance(event, Left) else ""
        return Shown(type(event).__name__.lower(), msgspec.json.encode(payload), evict=evict)

    @override
    async def read(self, query: Any, entity_id: str, version: int, library: Library) -> object:
        newest_first = await library.before(entity_id, version + 1, limit=1000)
        parts = await self.fetch(entity_id, [str(one.seq) for one in newest_first], library)
        return [(one.seq, parts[str(one.seq)].text) for one in reversed(newest_first)]

    @override
    def gap(self, entity_id: str, first: int, last: int) -> Shown | None:
        return Shown("gap", msgspec.json.encode({"from": first, "to": last}))


def quote_written(entity_id: str, recorded: Recorded[Written]) -> Owed:
    """A sealed copy of the entry to the ledger that is to quote it."""
    event = recorded.event
    if not event.quote or event.secret is None:
        return NOTHING
    text = b"quote of " + event.secret
    return Owed([Letter(event.quote, msgspec.msgpack.encode(Write("")), text, event.author)])


QUOTING = Reaction("quote_written", "ledger", Written, quote_written, ("ledger",))


def _from_view(view: View) -> Entry:
    author, texts, struck = msgspec.msgpack.decode(view.data)
    return Entry((view.secret or b"").decode(), author, tuple(texts), struck)
