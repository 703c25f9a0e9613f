"""Deciding: the commands that wait for one entity become the draft of one turn. Synchronous, and free of I/O."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Activity, Answered, Still
from actors.kernel.contract.answers import delivery, failure, signal_delivery
from actors.kernel.contract.callers import WaitingCommand
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import Attach, Context, Decision, Effects, Event, Letter, Query, Recorded
from actors.kernel.contract.reactions import mark_of, owed_by
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents.resident import Decided, Missing, Resident, TurnDraft
from common.errors import CarewireError, PayloadTooLarge, PermissionDenied
from common.logs import get_logger
from store.ports.journal import CommandRecord
from store.ports.timers import Timer
from store.ports.vault import Vault

_log = get_logger(__name__)
_to_json: Final = msgspec.json.Encoder().encode


class _Worked(msgspec.Struct, kw_only=True):
    """A decision worked out: everything computed, nothing applied."""

    events: list[tuple[Recorded[Event], bytes]] = []
    notes: list[tuple[Recorded[Event], bytes]] = []
    parts: dict[str, object] = {}
    effects: list[bytes] = []
    deliveries: list[tuple[int, bytes]] = []
    primary: int = 0
    size: int = 0
    redacts: bool = False
    counted: list[tuple[str, str]] = []


class Decider:
    """Runs the waiting commands of one entity against its state, in their order."""

    def __init__(
        self, vault: Vault, replies: ReplyCache, *, max_turn_bytes: int, expired: Callable[[WaitingCommand], bool]
    ) -> None:
        self._vault = vault
        self._replies = replies
        self._max_turn_bytes = max_turn_bytes
        self._expired = expired

    def draft(self, resident: Resident, now_ms: int, *, most: int) -> TurnDraft:
        """Decide up to `most` of what waits, as far as it goes: until something is missing or the turn is full.

        Decisions are applied to memory at once, so that two commands of one turn see each other. The caller must
        `forget` the resident when the draft is not stored.
        """
        at_ms = max(now_ms, resident.at_ms)
        draft = TurnDraft(resident, resident.version + 1, at_ms)
        mailbox = resident.mailbox
        while mailbox and len(draft.decided) < most:
            submission = mailbox[0]
            if not self._expired(submission):
                try:
                    draft.missing = self._take(draft, submission)
                except _Full:
                    break
                except Exception:  # a bug in a kind must cost its caller an answer, not everybody the shard  # noqa: BLE001
                    _log.exception("command.failed", entity=resident.id, trace=submission.trace)
                    mailbox.popleft()
                    draft.broken = submission
                    break
                if draft.missing is not None:
                    break
            mailbox.popleft()
        return draft

    def _take(self, draft: TurnDraft, submission: WaitingCommand) -> Missing | None:
        """Decide one command into the draft, or say what it misses."""
        resident = draft.resident
        id_ = submission.command_id
        known = draft.replies.get(id_) or submission.stored or self._replies.get(id_)
        if known is not None and known[0]:
            if type(submission.command) is Answered:
                draft.answered.append(submission.command.key)
            draft.decided.append(self._repeat(resident, submission, *known))
            return None
        command = submission.command
        try:
            kind = resident.runtime.kind
            keys = () if type(command) in _WITHOUT_PARTS else kind.needs(resident.entity, command)
            if absent := [key for key in keys if key not in resident.parts]:
                return Missing(parts=absent)
            context = Context(submission.by, draft.at_ms, {key: resident.parts[key] for key in keys})
            for key in keys:
                if kind.is_passing(key):
                    resident.parts.pop(key, None)
            if type(command) in _OF_THE_KERNEL:
                decision = _decide_for(resident, command, context)
            else:
                decision = resident.entity.decide(command, context, draft.version)
            if known is not None:  # repeated, and to be read anew: nothing may happen a second time
                decision = Decision(reply=decision.reply)
            worked = self._work_out(draft, decision)
        except CarewireError as error:
            if resident.life.assumed_new and not draft.writes:
                return Missing(state=True)
            if type(command) is Answered and submission.by.is_system:
                self._commit(draft, submission, _refused(submission, error), _Worked())
                draft.refused_answers += 1
                return None
            if submission.unchecked:
                return Missing(replies=True)
            draft.decided.append(
                Decided(
                    submission=submission,
                    answer=failure(submission.correlation_id, error, draft.version),
                    version=draft.version,
                )
            )
            return None
        except NoKey as error:
            return Missing(subjects=[*error.subjects, *self._keyless(resident, type(command))])
        if resident.life.assumed_new and not worked.events and not draft.writes:
            return Missing(state=True)
        if submission.unchecked and not (
            worked.events or isinstance(decision.reply, Query) or type(command) is Answered
        ):
            return Missing(replies=True)  # without an event, nothing would collide with what it did the first time
        self._commit(draft, submission, decision, worked)
        return None

    def _keyless(self, resident: Resident, command: type) -> list[str]:
        """The users who wait with the same kind of command and will miss their key as well."""
        alike = [submission.by for submission in resident.mailbox if type(submission.command) is command]
        users = [by.user for by in alike if not by.is_system]
        return [user for user in dict.fromkeys(users) if not self._vault.has(user)]

    def _repeat(self, resident: Resident, submission: WaitingCommand, reply: bytes, version: int) -> Decided:
        duplicate = not submission.again
        data = resident.runtime.kind.repeated(submission.command, reply) if duplicate else reply
        return Decided(
            submission=submission,
            answer=protocol.ItemAnswer(
                correlation_id=submission.correlation_id, code="", data=data, version=version, duplicate=duplicate
            ),
            version=version,
        )

    def _work_out(self, draft: TurnDraft, decision: Decision) -> _Worked:
        """Number, fold, show and seal the events of a decision. Raises before anything is changed."""
        worked = _Worked()
        seq = draft.version
        turn = draft.resident.turn + 1
        for event in decision.events:
            seq += 1
            self._work_out_event(draft, worked, Recorded(seq, draft.at_ms, turn, event), seq)
        for note in decision.notes:
            self._work_out_event(draft, worked, Recorded(0, draft.at_ms, turn, note), seq)
        for signal in decision.signals:
            packed = protocol.encode(signal_delivery(draft.resident.id, signal, draft.at_ms))
            worked.deliveries.append((0, packed))
        if worked.size > self._max_turn_bytes:
            raise PayloadTooLarge("This is too much at once. Please split it.")
        if draft.writes and draft.size + worked.size > self._max_turn_bytes:
            raise _Full
        return worked

    def _work_out_event(self, draft: TurnDraft, worked: _Worked, recorded: Recorded[Event], seq: int) -> None:
        resident, event = draft.resident, recorded.event
        kind, codec_ = resident.runtime.kind, resident.runtime.codec
        part = None
        key = kind.part_of(recorded)
        if key is not None:
            before = worked.parts[key] if key in worked.parts else resident.parts.get(key)
            part = worked.parts[key] = kind.fold(before, recorded)
        self._require(event)
        blob = codec_.encode(resident.id, event, seq)
        (worked.events if recorded.seq else worked.notes).append((recorded, blob))
        worked.size += len(blob)
        if kind.is_primary(event):
            worked.primary += 1
        if (counted := kind.counted(event)) is not None:
            worked.counted.append(counted)
        mark = mark_of(recorded, len(draft.notes) + len(worked.notes) - 1)
        effects = kind.effects(resident.id, recorded, part)
        if effects is not None:
            worked.effects.append(self._encode_effects(resident, seq, mark, effects))
            worked.size += len(worked.effects[-1])
            worked.redacts |= bool(effects.redact)
        if reactions := resident.runtime.reactions.get(type(event)):
            due = owed_by(reactions, resident.id, recorded, mark)
            if due.letters or due.activities:
                self._require_owners([letter for _, letter in due.letters], due.activities)
                worked.effects.append(codec_.encode_due(resident.id, due))
                worked.size += len(worked.effects[-1])
        shown = kind.show(resident.id, recorded, part)
        if shown is not None:
            packed = protocol.encode(delivery(resident.id, recorded.seq, shown, recorded.at_ms))
            worked.deliveries.append((recorded.seq, packed))
        elif recorded.seq:  # listeners must know that the number is taken, or they would ask for it
            packed = protocol.encode(
                protocol.TopicDelivery(topic=resident.id, version=recorded.seq, packet=b"", at_ms=recorded.at_ms)
            )
            worked.deliveries.append((recorded.seq, packed))

    def _encode_effects(self, resident: Resident, seq: int, mark: str, effects: Effects) -> bytes:
        if any(view.secret is not None for view in effects.views) and not self._vault.has(effects.owner):
            raise NoKey(effects.owner)
        self._require_owners(effects.letters, effects.activities)
        ids = [command_id_of(letter.to, resident.id, mark, place) for place, letter in enumerate(effects.letters)]
        return resident.runtime.codec.encode_effects(resident.id, seq, effects, ids)

    def _require_owners(self, letters: Sequence[Letter], activities: Sequence[Activity]) -> None:
        owners = [*(letter.owner for letter in letters), *(activity.owner for activity in activities)]
        if keyless := [owner for owner in dict.fromkeys(owners) if owner and not self._vault.has(owner)]:
            raise NoKey(*keyless)

    def _require(self, event: Event) -> None:
        if event.secret is not None and not self._vault.has(event.author):
            raise NoKey(event.author)

    def _commit(self, draft: TurnDraft, submission: WaitingCommand, decision: Decision, worked: _Worked) -> None:
        """Apply a decision to memory and add it to the draft."""
        resident = draft.resident
        for recorded, blob in worked.events:
            resident.entity.apply(recorded.event, recorded.seq, recorded.at_ms)
            draft.events.append(blob)
        version = draft.version
        for recorded, blob in worked.notes:
            resident.entity.apply(recorded.event, version, recorded.at_ms)
            draft.notes.append(blob)
        for key, part in worked.parts.items():
            resident.parts[key] = part
            resident.parts.move_to_end(key)
        draft.effects += worked.effects
        draft.primary += worked.primary
        draft.redacts |= worked.redacts
        draft.counted += worked.counted
        draft.size += worked.size
        draft.timers += [_timer(resident, wish.key, wish.due_ms, wish.command) for wish in decision.timers]
        query = decision.reply if isinstance(decision.reply, Query) else None
        data = b"" if query is not None else _to_json(decision.reply)
        answer = (
            None
            if query is not None
            else protocol.ItemAnswer(correlation_id=submission.correlation_id, code="", data=data, version=version)
        )
        answered = type(submission.command) is Answered
        if answered:
            draft.answered.append(submission.command.key)
        if worked.events or worked.notes or decision.timers or answered:
            draft.commands.append(CommandRecord(submission.command_id, data))
            draft.replies[submission.command_id] = (data, version)
        draft.decided.append(
            Decided(submission=submission, answer=answer, version=version, query=query, deliveries=worked.deliveries)
        )


class AttachQuery(Query, frozen=True):
    """The rest of an `Attach` once the entity has admitted the caller: replay what was missed."""

    since: int | None
    limit: int


_OF_THE_KERNEL: Final = frozenset({Attach, Answered, Still})
_WITHOUT_PARTS: Final = frozenset({Attach, Still})


def _decide_for(resident: Resident, command: Attach | Answered | Still, context: Context) -> Decision:
    """Decide the commands that are the same for every kind. All but `Attach` is for Carewire itself to ask."""
    kind, entity = resident.runtime.kind, resident.entity
    if type(command) is Attach:
        kind.admit(entity, context.by)
        since = kind.missed(entity, context.by, command.since)
        return Decision(reply=AttachQuery(since, command.limit))
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    if type(command) is Answered:
        return kind.answered(entity, command, context)
    assert isinstance(command, Still)
    return Decision(reply=kind.still(entity, command.key, command.payload))


def _refused(submission: WaitingCommand, error: CarewireError) -> Decision:
    """An answer that its entity refuses is stored as one: the activity is over, and nothing else happens."""
    _log.warning("activity.answer_refused", outcome=submission.command.outcome, code=error.code)
    return Decision(reply={"refused": error.code})


class NoKey(LookupError):
    """The data keys of these `subjects` are not in memory yet."""

    def __init__(self, *subjects: str) -> None:
        super().__init__(*subjects)
        self.subjects = subjects


class _Full(Exception):
    """The turn is full; the command waits for the next one."""


def _timer(resident: Resident, key: str, due_ms: int, command: bytes) -> Timer:
    return Timer(
        id=f"{resident.id}|{key}|{due_ms}",
        entity=resident.id,
        partition=resident.partition,
        due_ms=due_ms,
        command=command,
    )
