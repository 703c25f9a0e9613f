"""A broadcast as data, and as administrators see it."""

from typing import Final, Literal

import msgspec

from common.clock import to_rfc3339
from common.persons import UserId

Status = Literal["scheduled", "running", "paused", "done", "cancelled"]
Role = Literal["client", "therapist", "moderator", "admin"]
OVER: Final = frozenset({"done", "cancelled"})


class Audience(msgspec.Struct, frozen=True, array_like=True):
    """Who is told: everybody of a role, these people, or, with neither, everybody. Found when it is sent."""

    role: str = ""
    user_ids: tuple[str, ...] = ()


class Broadcast(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A broadcast at one moment. Times in ms; 0: none. `total` is known once it has begun.

    `cursor`: the last person who was told; the next page begins behind them. `step` numbers the pages that were asked
    for; `pending`: the last one has not been answered. `words`: the number of the event that holds what is told.
    """

    id: str
    by: str
    status: Status
    audience: Audience
    rate_per_s: int
    created: int
    send_at: int = 0
    total: int | None = None
    done: int = 0
    failed: int = 0
    cursor: str = ""
    step: int = 0
    pending: bool = False
    ended: int = 0


class WireAudience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of: everybody of a role, these people, everybody."""

    role: Role | None = None
    user_ids: list[UserId] | None = None
    all: bool = False


class ShownBroadcast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A broadcast as administrators see it. `sample`: of a dry run, some of those who would be told."""

    id: str
    status: Status
    audience: WireAudience
    total: int | None = None
    done: int
    failed: int
    created_at: str
    send_at: str | None = None
    ended_at: str | None = None
    sample: list[UserId] | None = None


def shown(one: Broadcast, *, sample: list[str] | None = None) -> ShownBroadcast:
    """The broadcast as administrators see it."""
    return ShownBroadcast(
        id=one.id,
        status=one.status,
        audience=wire_audience(one.audience),
        total=one.total,
        done=one.done,
        failed=one.failed,
        created_at=to_rfc3339(one.created),
        send_at=to_rfc3339(one.send_at) if one.send_at else None,
        ended_at=to_rfc3339(one.ended) if one.ended else None,
        sample=sample,
    )


def wire_audience(audience: Audience) -> WireAudience:
    """An audience as it is shown."""
    if audience.user_ids:
        return WireAudience(user_ids=list(audience.user_ids))
    if audience.role:
        return msgspec.convert({"role": audience.role}, WireAudience)
    return WireAudience(all=True)
