"""Tokens for feeds: calendar programs send no header, and ask every few hours for years. So they get an address with a
token in it that is good for that feed alone, whatever else its owner may do, until it is revoked or a year has passed.

It carries 192 random bits, of which a digest is stored, so whoever reads the database cannot use it. What ends the
owner's other tokens (a block, another role, all sessions ended) ends these as well: whoever verifies one asks.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

import msgspec

from actors.calendars.contract.ports import entity
from actors.calendars.contract.replies import FeedTokenList, FeedTokenMade, FeedTokenReply, OwnFeedToken
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import require_staff
from actors.kernel.contract.entity import Principal
from common.auth.tokens import Verified
from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, NotFound, Unauthenticated
from common.ids import new_id
from common.persons import NothingToTell
from common.timeline import DAY_MS
from store.ports.feed_tokens import FeedToken
from store.ports.feed_tokens import FeedTokenStore as Store

LIFETIME_MS: Final = 366 * DAY_MS
MOST: Final = 20
"""Of one feed at a time."""
_TOKEN: Final = re.compile(r"cwf1\.(fdt_[0-9A-Z]{26})\.([A-Za-z0-9_-]{32})")


class FeedTokens:
    """One a process. A `calendar` is that whose feed it is; "" stands for the feed of the caller's own bookings."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def make(self, calendar: str, *, by: Principal) -> FeedTokenMade:
        """The token is told once, and never again.

        Raises:
            PermissionDenied: the caller does not run the calendar.
            FailedPrecondition: the feed has as many as it may have.
        """
        feed = _feed(calendar, by)
        if len(await self._store.of_feed(feed)) >= MOST:
            raise FailedPrecondition(f"A feed has at most {MOST} tokens. Revoke one that is not used any more.")
        now_ms = self._clock.now_ms()
        made, secret = new_id("fdt", now_ms), secrets.token_urlsafe(24)
        kept = FeedToken(
            id=made,
            feed=feed,
            user=by.user,
            role=by.role,
            digest=_digest(secret),
            created=now_ms,
            expires=now_ms + LIFETIME_MS,
        )
        await self._store.add(kept)
        token = f"cwf1.{made}.{secret}"
        place = f"calendars/{calendar}" if calendar else "bookings"
        shown = msgspec.structs.asdict(_shown(kept))
        return FeedTokenMade(**shown, token=token, path=f"/api/{place}/feed.ics?token={token}")

    async def listing(self, calendar: str, *, by: Principal) -> FeedTokenList:
        """The oldest first; whoever runs a calendar sees
        those of others as well. Raises PermissionDenied: the caller does not run it."""
        return FeedTokenList(tokens=[_shown(one) for one in await self._store.of_feed(_feed(calendar, by))])

    async def revoke(self, calendar: str, token_id: str, *, by: Principal) -> NothingToTell:
        """From when this returns, it is good for nothing.

        Raises:
            PermissionDenied: the caller does not run the calendar.
            NotFound: the feed has no such token (any more).
        """
        if not await self._store.remove(token_id, _feed(calendar, by)):
            raise NotFound("This feed has no such token.")
        return NOTHING

    async def verify(self, token: str, calendar: str) -> Verified:
        """The owner of the token, if it is for this feed.

        Raises:
            Unauthenticated: it is none of ours, was revoked, is over, or is for another feed.
        """
        match = _TOKEN.fullmatch(token)
        found = await self._store.find(match[1]) if match is not None else None
        if match is None or found is None or not hmac.compare_digest(found.digest, _digest(match[2])):
            raise _refused("feed_token")
        if found.feed != (f"calendar:{calendar}" if calendar else f"client:{found.user}"):
            raise _refused("another_feed")
        return Verified(
            user=found.user, role=found.role, device="", expires_ms=found.expires, jti=found.id, issued_ms=found.created
        )

    async def of(self, user: str) -> list[OwnFeedToken]:
        """All that a person has made, for the person."""
        return [
            OwnFeedToken(**msgspec.structs.asdict(_shown(one)), feed=one.feed)
            for one in await self._store.of_user(user)
        ]

    async def forget(self, user: str) -> None:
        """Revoke all that a person has made (erasure)."""
        await self._store.forget(user)


def is_feed_token(token: str) -> bool:
    """Does it look like one of these?"""
    return _TOKEN.fullmatch(token) is not None


def _feed(calendar: str, by: Principal) -> str:
    """The name of the feed. Raises PermissionDenied: it is none that the caller may read."""
    if not calendar:
        return f"client:{by.user}"
    require_staff(by, calendar)
    return entity("calendar", calendar, "therapist_id")


def _shown(token: FeedToken) -> FeedTokenReply:
    return FeedTokenReply(
        token_id=token.id,
        user_id=token.user,
        created_at=to_rfc3339(token.created),
        expires_at=to_rfc3339(token.expires),
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _refused(reason: str) -> Unauthenticated:
    message = "This address is not good any more. Make another for this feed."
    return Unauthenticated(message, reason=reason)
