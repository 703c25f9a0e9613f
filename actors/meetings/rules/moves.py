"""Which way media goes, and when it moves: from person to person while two are enough and nothing must be enforced,
else through our own unit, and elsewhere when that fails."""

from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.activities import Answered
from actors.meetings.events import MediaMoved, MediaPlaced
from actors.meetings.reports import MeshOverdue, MoveMedia, PlaceAgain, PlaceMedia
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.presence import closed_by_move
from actors.meetings.state import FALLBACKS, Media, Provider, Record
from common.errors import Unavailable

_AGAIN_MS: Final = 3_000
_RETRY_S: Final = 3.0


def first_provider(record: Record) -> Provider:
    """What a new room is held with."""
    wanted = record.config.provider
    if wanted != "auto":
        return wanted
    return "sfu" if record.config.max_participants > 2 else "mesh"


def make_room(draft: MeetingDraft) -> Media:
    """The room, made now if there is none."""
    if draft.record.media.provider is None:
        draft.say(MediaPlaced(media=Media(first_provider(draft.record), draft.record.media.epoch + 1)))
    return draft.record.media


def check_placed(record: Record) -> None:
    """Raises Unavailable: there is no worker, and nothing else."""
    if record.interrupted:
        raise Unavailable("Nobody can carry this meeting right now. Try again in a moment.", retry_after_s=_RETRY_S)


def move(draft: MeetingDraft, provider: Provider, reason: str, *, worker: str = "") -> None:
    """Media goes another way from now on. The epoch grows: what is said of the one before is void."""
    before = draft.record.media
    closed_by_move(draft, reason)
    draft.say(MediaMoved(media=Media(provider, before.epoch + 1, worker), reason=reason))


def enforce(draft: MeetingDraft, reason: str) -> None:
    """Something is to hold that people cannot be trusted with among themselves: a mesh that may move does."""
    if draft.record.media.provider == "mesh" and draft.record.config.provider == "auto":
        move(draft, "sfu", reason)


def after_kick(draft: MeetingDraft) -> None:
    """What the one who was removed still holds must open nothing: rooms elsewhere get another name, a mesh another
    epoch. Our own unit has put them out itself."""
    provider = draft.record.media.provider
    if provider is not None and provider != "sfu":
        move(draft, provider, "kick")


def after_config(draft: MeetingDraft, before: Record) -> None:
    """It is to be held another way: a room that is there moves."""
    record, provider = draft.record, draft.record.media.provider
    if provider is None or record.config.provider == before.config.provider:
        return
    wanted = record.config.provider
    if wanted != "auto" and wanted != provider:
        move(draft, wanted, "config")


def moved(draft: MeetingDraft, command: MoveMedia) -> None:
    """Whoever carries it says that it cannot go on. An epoch that has passed changes nothing."""
    record = draft.record
    if record.over or command.epoch != record.media.epoch or record.media.provider is None:
        return
    provider = command.provider
    if provider in FALLBACKS and (record.config.e2ee or not record.config.fallback):
        provider = None
    if provider is None:
        _go_elsewhere(draft, command.reason)
    else:
        move(draft, provider, command.reason, worker=command.worker)


def _go_elsewhere(draft: MeetingDraft, reason: str) -> None:
    """To the fallback; where there is none, the room waits for a worker."""
    provider = _fallback(draft.record, draft.terms.fallbacks)
    if provider is not None:
        draft.record = replace(draft.record, interrupted=False)
        move(draft, provider, "fallback")
        return
    if not draft.record.interrupted:
        closed_by_move(draft, reason)
        draft.change("interrupted", interrupted=True, reason=reason)
    if draft.record.media.worker:
        draft.say(MediaPlaced(media=replace(draft.record.media, worker="")))
    epoch = draft.record.media.epoch
    draft.at(f"place:{epoch}:{draft.now_ms}", draft.now_ms + _AGAIN_MS, PlaceAgain(epoch))


def placed(draft: MeetingDraft, command: PlaceMedia) -> None:
    """A worker has taken it. Where people were waiting for one, they are told to connect there."""
    media = draft.record.media
    if command.epoch != media.epoch or command.worker == media.worker or draft.record.over or media.provider != "sfu":
        return
    if draft.record.interrupted:
        draft.record = replace(draft.record, interrupted=False)
        move(draft, "sfu", "recovered", worker=command.worker)
    else:
        draft.say(MediaPlaced(media=replace(media, worker=command.worker)))


def not_placed(draft: MeetingDraft, answered: Answered, epoch: int) -> None:
    """There is no worker for it."""
    record = draft.record
    if not record.over and epoch == record.media.epoch and record.media.provider == "sfu" and not record.media.worker:
        _go_elsewhere(draft, answered.code or answered.outcome)


def place_again(draft: MeetingDraft, command: PlaceAgain) -> None:
    """Still waiting for one?"""
    record = draft.record
    waits = record.interrupted and record.media.provider == "sfu" and not record.media.worker
    draft.place = waits and command.epoch == record.media.epoch and not record.over


def mesh_overdue(draft: MeetingDraft, command: MeshOverdue) -> None:
    """Two have been in a mesh for a while, and it did not come up."""
    record = draft.record
    stuck = len(record.inside) > 1 and len(record.connected) < 2
    if stuck and command.epoch == record.media.epoch and not record.over:
        enforce(draft, "no_path")


def _fallback(record: Record, fallbacks: tuple[Provider, ...]) -> Provider | None:
    """Where it goes when there is no worker; None: nowhere."""
    if record.config.e2ee or not record.config.fallback:
        return None
    return next((provider for provider in fallbacks if provider in FALLBACKS), None)
