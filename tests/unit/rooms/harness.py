"""One entity after the other, by hand: the kernel's own decider over storage in memory, without an event loop.

A `World` does for each turn what a shard does (decide, fold, store, write read models, redact, answer), in order and
at once. Letters are collected instead of sent. `passivate` forgets what is in memory, so the next command replays.
"""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered, Still
from actors.kernel.contract.callers import WaitingCommand
from actors.kernel.contract.entity import AnyKind, Attach, Principal
from actors.kernel.history.codec import StoredLetter, decode_effects
from actors.kernel.history.replay import packets
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.decider import AttachQuery, Decider
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents.loader import restore
from actors.kernel.shard.residents.resident import Decided, Resident, TurnDraft
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from common.errors import error_of
from store.memory import memory_stores
from store.ports.journal import Loaded, Outcome, Snapshot, Turn
from store.ports.views import View, ViewQuery

START_MS: Final = 1_763_631_000_000  # 2025-11-20T09:30:00.000Z
_decode_delivery: Final = msgspec.msgpack.Decoder(protocol.TopicDelivery).decode
T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("it waited for something")


@dataclass
class Done:
    """What became of one command."""

    answer: protocol.ItemAnswer
    deliveries: list[protocol.TopicDelivery]

    @property
    def data(self) -> Any:
        """The ack's data; raises the error that the command met."""
        if self.answer.code:
            details = msgspec.json.decode(self.answer.details) if self.answer.details else None
            raise error_of(self.answer.code, self.answer.message, details=details)
        return msgspec.json.decode(self.answer.data)

    @property
    def packets(self) -> list[Any]:
        """The Socket.IO events that listeners get: `[name, payload]`."""
        return [msgspec.json.decode(one.packet) for one in self.deliveries if one.packet]


@dataclass
class Caller:
    """Takes the answers that nobody waits for here."""

    answers: list[protocol.ItemAnswer] = field(default_factory=list)

    def answer(self, answer: protocol.ItemAnswer) -> None:
        self.answers.append(answer)

    def listen(self, topic: str, version: int) -> None:
        raise AssertionError("nobody listens here")


class World:
    """Entities of one kind."""

    def __init__(self, kind: AnyKind, *, now_ms: int = START_MS) -> None:
        self.stores = memory_stores(indexes=kind.indexes)
        self.host = KindRuntime(kind, self.stores, reactions_of([kind.name]))
        self.replies = ReplyCache(SystemClock())
        self.decider = Decider(self.stores.vault, self.replies, max_turn_bytes=1_000_000, expired=lambda _: False)
        self.residents: dict[str, Resident] = {}
        self.now_ms = now_ms
        self.letters: list[StoredLetter] = []
        self.fetched: list[str] = []  # keys of parts, in the order they were asked for
        self._numbers = iter(range(1, 1_000_000))

    def do(self, entity_id: str, command: msgspec.Struct, by: Principal | str, *, command_id: bytes = b"") -> Done:
        """One command in a turn of its own."""
        return self.turn(entity_id, [(command, by)], command_id=command_id)[0]

    def ask(self, entity_id: str, command: msgspec.Struct, by: Principal | str) -> Any:
        """The ack's data of a command in a turn of its own. Raises the error that it meets."""
        return self.do(entity_id, command, by).data

    def turn(
        self, entity_id: str, asked: Sequence[tuple[msgspec.Struct, Principal | str]], *, command_id: bytes = b""
    ) -> list[Done]:
        """Commands that wait for the same turn. Where one needs what is not in memory, another turn begins."""
        resident = self.resident(entity_id)
        for command, by in asked:
            number = next(self._numbers)
            principal = Principal(by) if isinstance(by, str) else by
            packed = (
                command
                if isinstance(command, Attach | Answered | Still)
                else self.host.decode_command(protocol.encode(command))
            )
            identity = command_id or number.to_bytes(16)
            resident.mailbox.append(
                WaitingCommand(
                    caller=Caller(),
                    correlation_id=number,
                    command_id=identity,
                    command=packed,
                    by=principal,
                    deadline_s=0,
                )
            )
        self.now_ms += 1000
        done: list[Done] = []
        while resident.mailbox:
            draft = self.decider.draft(resident, self.now_ms, most=1000)
            assert draft.broken is None, "a rule raised something else than a CarewireError"
            if draft.writes:
                self._store(draft)
            done += [self._answered(resident, one) for one in draft.decided]
            if draft.missing is not None:
                run(self.stores.vault.ensure(draft.missing.subjects))
                keys = list(draft.missing.parts)
                self.fetched += keys
                found = run(self._fetch(entity_id, keys))
                resident.parts.update({key: found.get(key) for key in keys})
        return done

    def resident(self, entity_id: str) -> Resident:
        """The entity in memory, loaded if it is not."""
        if entity_id not in self.residents:
            resident = self.residents[entity_id] = Resident(entity_id, self.host, 0)
            restore(resident, run(self._load(entity_id)), self.replies)
        return self.residents[entity_id]

    def passivate(self, entity_id: str, *, snapshot: bool = False) -> None:
        """Forget the entity, with or without a snapshot of it."""
        resident = self.residents.pop(entity_id, None)
        if resident is not None and snapshot:
            state = self.host.kind.snapshot(resident.entity)
            taken = Snapshot(entity_id, resident.turn, resident.version, resident.at_ms, state)
            run(self.stores.journal.save([taken]))

    def state(self, entity_id: str) -> bytes:
        """The entity's state, as a snapshot would hold it."""
        return self.host.kind.snapshot(self.resident(entity_id).entity)

    def replay(self, entity_id: str, since: int = 0, limit: int = 10_000, user: str = "") -> list[Any]:
        """What one who comes back with `since` is sent: `[name, payload]`."""
        upto = self.resident(entity_id).version
        found = run(packets(self.host, entity_id, since, upto=upto, limit=limit, user=user))
        return [msgspec.json.decode(packet) for packet in found]

    def views(self, collection: str, **equal: str | bool) -> list[View]:
        """Documents of a read model, by version."""
        return run(
            self.stores.views.find(ViewQuery(collection=collection, equal=equal, order_by="version", limit=10_000))
        )

    async def turns(self, entity_id: str) -> list[Turn]:
        """All that the journal holds of an entity."""
        return await self.stores.journal.turns(entity_id, after=0, limit=100_000)

    async def _load(self, entity_id: str) -> Loaded:
        return (await self.stores.journal.load([entity_id]))[entity_id]

    async def _fetch(self, entity_id: str, keys: Sequence[str]) -> Any:
        return await self.host.kind.fetch(entity_id, keys, self.host.library)

    def _store(self, draft: TurnDraft) -> None:
        resident, turn = draft.resident, draft.close()
        outcome = run(self._append(turn))
        assert outcome is Outcome.STORED, "the journal refused a turn"
        resident.turn, resident.version, resident.at_ms = turn.turn, draft.version, draft.at_ms
        for command_id, (reply, version) in draft.replies.items():
            self.replies.add(command_id, reply, version)
        effects = decode_effects(turn)
        views = [View(v.collection, v.id, v.version, v.fields, v.data, v.secret) for v in effects.views]
        run(self.stores.views.write(views))
        run(self._redact(turn.entity, effects.redact))
        self.letters += effects.letters

    async def _append(self, turn: Turn) -> Outcome:
        return (await self.stores.journal.append([turn]))[turn.entity]

    async def _redact(self, entity_id: str, seqs: Sequence[int]) -> None:
        blobs: dict[int, bytes] = {}
        for turn in await self.stores.journal.at(entity_id, seqs):
            blobs |= self.host.codec.stripped(turn, seqs)
        await self.stores.journal.redact(entity_id, blobs)

    def _answered(self, resident: Resident, decided: Decided) -> Done:
        answer = decided.answer
        if answer is None:
            assert decided.query is not None
            assert not isinstance(decided.query, AttachQuery)
            found = run(self._read(resident, decided))
            answer = protocol.ItemAnswer(
                correlation_id=decided.submission.correlation_id,
                code="",
                data=msgspec.json.encode(found),
                version=decided.version,
            )
        return Done(answer, [_decode_delivery(packed) for _, packed in decided.deliveries])

    async def _read(self, resident: Resident, decided: Decided) -> object:
        return await self.host.kind.read(decided.query, resident.id, decided.version, self.host.library)
