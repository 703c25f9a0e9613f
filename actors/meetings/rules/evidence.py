"""What took place: made of who was seen when, and never of what a client says of others."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from actors.meetings.state import Interval, Minutes, Provider, Record


class PresenceInterval(msgspec.Struct, frozen=True, array_like=True):
    """Somebody was there from `begin` to `end`, `bridged` ms of it unseen: they came back to the same seat."""

    participant: str
    user: str
    begin: int
    end: int
    bridged: int
    provider: Provider
    ended_by: str


class AttendanceEvidence(msgspec.Struct, frozen=True, array_like=True):
    """What took place. `overlap` are the ms in which the host and somebody else were there."""

    meeting: str
    booking: str
    planned: tuple[int, int]
    started: int
    ended: int
    overlap: int
    stays: tuple[PresenceInterval, ...]
    minutes: tuple[Minutes, ...] = ()


def hash_of(evidence: AttendanceEvidence) -> str:
    """What seals it: SHA-256 of its parts in their order, as JSON."""
    return hashlib.sha256(msgspec.json.encode(evidence)).hexdigest()


def evidence_of(record: Record, bridge_ms: int) -> AttendanceEvidence:
    """By the intervals that the meeting knows. One that is still open counts until it was last seen."""
    users = {seat.participant: seat.user for seat in record.seats}
    host = {seat.participant for seat in record.seats if seat.role == "host"}
    stays: list[PresenceInterval] = []
    for participant in dict.fromkeys(each.participant for each in record.intervals):
        mine = [each for each in record.intervals if each.participant == participant]
        stays += _bridged(mine, users.get(participant, ""), bridge_ms)
    overlap = overlap_ms(
        [(stay.begin, stay.end) for stay in stays if stay.participant in host],
        [(stay.begin, stay.end) for stay in stays if stay.participant not in host],
    )
    planned = (record.window.start, record.window.end)
    took = (record.started, record.ended, overlap, tuple(stays), record.minutes)
    return AttendanceEvidence(record.id, record.booking, planned, *took)


def _bridged(intervals: Sequence[Interval], user: str, bridge_ms: int) -> list[PresenceInterval]:
    stays: list[PresenceInterval] = []
    for each in sorted(intervals, key=lambda one: one.begin):
        end = each.end or each.seen
        if stays and each.begin - stays[-1].end <= bridge_ms:
            last = stays[-1]
            bridged = last.bridged + max(0, each.begin - last.end)
            stays[-1] = replace(last, end=max(last.end, end), bridged=bridged, ended_by=each.ended_by)
        else:
            stays.append(
                PresenceInterval(
                    participant=each.participant,
                    user=user,
                    begin=each.begin,
                    end=end,
                    bridged=0,
                    provider=each.provider,
                    ended_by=each.ended_by,
                )
            )
    return stays


def overlap_ms(some: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> int:
    """For how long one of `some` and one of `others` were there; intervals are half-open."""
    edges = [(at, step, 0) for begin, end in some for at, step in ((begin, 1), (end, -1))]
    edges += [(at, step, 1) for begin, end in others for at, step in ((begin, 1), (end, -1))]
    there, total, before = [0, 0], 0, 0
    for at, step, side in sorted(edges):
        if there[0] and there[1]:
            total += at - before
        there[side] += step
        before = at
    return total
