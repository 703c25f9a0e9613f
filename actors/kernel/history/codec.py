"""The codec of the journal: events and effects to bytes and back, sealed on the way in and opened on the way out."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.activities import Activity, Urgency
from actors.kernel.contract.entity import AnyKind, Effects, Event, Letter, Recorded
from actors.kernel.contract.reactions import OwedByRules
from actors.kernel.history.sealed_letters import letter_place, with_secret
from store.ports.journal import Turn
from store.ports.timers import Timer
from store.ports.vault import Vault
from store.ports.views import View

OpenedPlace = tuple[str, Recorded[Event]]
"""An event, and the entity whose it is."""


class StoredView(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """A view as it waits in a turn; its secret is sealed already."""

    collection: str
    id: str
    version: int
    fields: dict[str, str | int | bool | None]
    data: bytes
    secret: bytes | None


class StoredLetter(msgspec.Struct, array_like=True, frozen=True):
    """A letter as it waits in a turn; its secret is sealed already."""

    to: str
    command_id: bytes
    command: bytes
    secret: bytes | None = None


class StoredTimer(msgspec.Struct, array_like=True, frozen=True):
    """A timer as it waits in a turn."""

    id: str
    due_ms: int
    command: bytes


class StoredActivity(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """An activity as it waits in a turn, or is put off; its payload is sealed already, unless it has no owner."""

    connector: str
    key: str
    payload: bytes
    owner: str = ""
    lane: str = ""
    urgency: Urgency = "soon"
    deadline_ms: int | None = None
    ask: bool = False


class StoredEffects(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The effects of a turn outside the journal, as they are stored."""

    views: list[StoredView]
    redact: list[int]
    letters: list[StoredLetter]
    timers: list[StoredTimer] = []
    activities: list[StoredActivity] = []


encode: Final = msgspec.msgpack.Encoder().encode
decode_activity: Final = msgspec.msgpack.Decoder(StoredActivity).decode
_decode_effects: Final = msgspec.msgpack.Decoder(StoredEffects).decode


def decode_effects(turn: Turn) -> StoredEffects:
    """All effects of a turn as one."""
    parts = [_decode_effects(blob) for blob in turn.effects]
    return StoredEffects(
        views=[view for part in parts for view in part.views],
        redact=[seq for part in parts for seq in part.redact],
        letters=[letter for part in parts for letter in part.letters],
        timers=[timer for part in parts for timer in part.timers],
        activities=[activity for part in parts for activity in part.activities],
    )


def timers_of(turn: Turn, effects: StoredEffects) -> list[Timer]:
    """Those that the turn set."""
    return [
        Timer(id=timer.id, entity=turn.entity, partition=turn.partition, due_ms=timer.due_ms, command=timer.command)
        for timer in effects.timers
    ]


def encode_timers(timers: Iterable[Timer]) -> bytes:
    """Timers as an effect of their turn."""
    return encode(
        StoredEffects(
            views=[],
            redact=[],
            letters=[],
            timers=[StoredTimer(timer.id, timer.due_ms, timer.command) for timer in timers],
        )
    )


async def opened(letter: StoredLetter, vault: Vault) -> StoredLetter | None:
    """The letter as it is sent, its secret in its command. None when the key of the owner was erased."""
    if letter.secret is None:
        return letter
    await vault.unlock([letter.secret])
    secret = vault.open(letter.secret, letter_place(letter.to, letter.command_id))
    if secret is None:
        return None
    return StoredLetter(letter.to, letter.command_id, with_secret(letter.command, secret))


def secrets_in(recorded: Iterable[Recorded[Event]]) -> Iterator[bytes]:
    """What is sealed of these."""
    return (secret for one in recorded if (secret := one.event.secret) is not None)


def place(entity_id: str, seq: int) -> bytes:
    """The place of a secret; bound into its ciphertext, so that it opens nowhere else."""
    return f"{entity_id}#{seq}".encode()


def view_place(collection: str, view_id: str, version: int) -> bytes:
    """The place of a view's secret."""
    return f"{collection}/{view_id}#{version}".encode()


def activity_place(entity_id: str, key: str) -> bytes:
    """The place of an activity's payload."""
    return f"activity/{entity_id}|{key}".encode()


def seal_activity(vault: Vault, entity_id: str, activity: Activity) -> StoredActivity:
    """Raises LookupError when the owner's key is not at hand."""
    payload = activity.payload
    if activity.owner:
        payload = vault.seal(activity.owner, payload, activity_place(entity_id, activity.key))
    return StoredActivity(
        connector=activity.connector,
        key=activity.key,
        payload=payload,
        owner=activity.owner,
        lane=activity.lane,
        urgency=activity.urgency,
        deadline_ms=activity.deadline_ms,
        ask=activity.ask,
    )


class Codec:
    """Events of one kind to blobs and back. Does no I/O: keys are loaded into the vault beforehand."""

    def __init__(self, kind: AnyKind, vault: Vault) -> None:
        self._vault = vault
        self._decode = msgspec.msgpack.Decoder(kind.events).decode

    def encode(self, entity_id: str, event: Event, seq: int) -> bytes:
        """Raises LookupError when the author's key is not at hand."""
        if event.secret is not None:
            sealed = self._vault.seal(event.author, event.secret, place(entity_id, seq))
            event = msgspec.structs.replace(event, secret=sealed)
        return encode(event)

    def bare(self, turn: Turn) -> Iterable[Recorded[Event]]:
        """The events and notes of a turn without their secrets: what `apply` needs."""
        for recorded in self._recorded(turn):
            if recorded.event.secret is None:
                yield recorded
            else:
                event = msgspec.structs.replace(recorded.event, secret=None)
                yield Recorded(recorded.seq, recorded.at_ms, recorded.turn, event)

    async def opened(self, entity_id: str, turns: Sequence[Turn]) -> list[Recorded[Event]]:
        """The events and notes of these turns with their secrets, in order."""
        sealed = [self.sealed(turn) for turn in turns]
        await self._vault.unlock(secrets_in(one for some in sealed for one in some))
        return [one for turn, some in zip(turns, sealed, strict=True) for one in self.open(turn, some)]

    def sealed(self, turn: Turn) -> list[Recorded[Event]]:
        """The events and notes of a turn with their secrets as they are stored: for whoever opens many turns at once,
        having unlocked `secrets_in` all of them."""
        return list(self._recorded(turn))

    def open(self, turn: Turn, sealed: Iterable[Recorded[Event]]) -> list[Recorded[Event]]:
        """What `sealed` gave of this turn, opened: keys are in the vault by now."""
        return [one if one.event.secret is None else self._open(turn.entity, one, turn) for one in sealed]

    async def opened_at(self, turns: Sequence[Turn], places: Collection[tuple[str, int]]) -> list[OpenedPlace]:
        """Of turns of many entities, the events at these places with their secrets: keys are asked for once."""
        sealed = [(turn, one) for turn in turns for one in self._recorded(turn) if (turn.entity, one.seq) in places]
        await self._vault.unlock(secrets_in(one for _, one in sealed))
        return [(turn.entity, opened) for turn, one in sealed for opened in self.open(turn, (one,))]

    def stripped(self, turn: Turn, seqs: Iterable[int]) -> dict[int, bytes]:
        """The blobs of these events of the turn without their secrets; those that have none are left out."""
        wanted = set(seqs)
        blobs = {}
        for recorded in self._recorded(turn):
            if recorded.seq in wanted and recorded.event.secret is not None:
                blobs[recorded.seq] = encode(msgspec.structs.replace(recorded.event, secret=None))
        return blobs

    def encode_effects(self, entity_id: str, seq: int, effects: Effects, letter_ids: Sequence[bytes]) -> bytes:
        """Raises LookupError when the owner's key is not at hand."""
        views = [
            StoredView(
                collection=view.collection,
                id=view.id,
                version=view.version,
                fields=dict(view.fields),
                data=view.data,
                secret=None
                if view.secret is None
                else self._vault.seal(effects.owner, view.secret, view_place(view.collection, view.id, view.version)),
            )
            for view in effects.views
        ]
        letters = [
            self.store_letter(letter, command_id)
            for letter, command_id in zip(effects.letters, letter_ids, strict=True)
        ]
        activities = [seal_activity(self._vault, entity_id, activity) for activity in effects.activities]
        return encode(
            StoredEffects(views=views, redact=list(effects.redact), letters=letters, timers=[], activities=activities)
        )

    def encode_due(self, entity_id: str, due: OwedByRules) -> bytes:
        """The bytes of what rules owe, as an effect of their turn. Raises LookupError when the key of an owner is not
        at hand."""
        letters = [self.store_letter(letter, command_id) for command_id, letter in due.letters]
        activities = [seal_activity(self._vault, entity_id, activity) for activity in due.activities]
        return encode(StoredEffects(views=[], redact=[], letters=letters, timers=[], activities=activities))

    def store_letter(self, letter: Letter, command_id: bytes) -> StoredLetter:
        """A letter as it waits. Raises LookupError when the key of its owner is not at hand."""
        if letter.secret is None:
            return StoredLetter(letter.to, command_id, letter.command)
        sealed = self._vault.seal(letter.owner, letter.secret, letter_place(letter.to, command_id))
        return StoredLetter(letter.to, command_id, letter.command, sealed)

    async def open_views(self, views: Iterable[View]) -> list[View]:
        """The views with their secrets opened (None where the key was erased)."""
        found = list(views)
        await self._vault.unlock(view.secret for view in found if view.secret is not None)
        return [self._open_view(view) for view in found]

    def _recorded(self, turn: Turn) -> Iterable[Recorded[Event]]:
        for offset, blob in enumerate(turn.events):
            yield Recorded(turn.first_seq + offset, turn.at_ms, turn.turn, self._decode(blob))
        for blob in turn.notes:
            yield Recorded(0, turn.at_ms, turn.turn, self._decode(blob))

    def _open(self, entity_id: str, recorded: Recorded[Event], turn: Turn) -> Recorded[Event]:
        blob = recorded.event.secret
        assert blob is not None
        seqs = (recorded.seq,) if recorded.seq else range(turn.last_seq, turn.first_seq - 2, -1)
        event = msgspec.structs.replace(recorded.event, secret=self._open_at(entity_id, blob, seqs))
        return Recorded(recorded.seq, recorded.at_ms, recorded.turn, event)

    def _open_at(self, entity_id: str, blob: bytes, seqs: Sequence[int]) -> bytes | None:
        """A note was sealed at the version that it was decided at: that of an event of its turn, or the one before."""
        for seq in seqs[:-1]:
            try:
                return self._vault.open(blob, place(entity_id, seq))
            except ValueError:
                continue
        return self._vault.open(blob, place(entity_id, seqs[-1]))

    def _open_view(self, view: View) -> View:
        if view.secret is None:
            return view
        secret = self._vault.open(view.secret, view_place(view.collection, view.id, view.version))
        return View(
            collection=view.collection,
            id=view.id,
            version=view.version,
            fields=view.fields,
            data=view.data,
            secret=secret,
        )
