"""Addresses by every method."""

from tests.exchanges.script.asking import Asking


async def addresses(ask: Asking) -> None:
    for path in (
        "/api/bookings",
        "/api/bookings/feed.ics",
        "/api/bookings/check",
        "/api/bookings/bulk",
        "/api/bookings/feed-tokens",
        "/api/bookings/some",
        "/api/bookings/some/confirm",
        "/api/calendars/doc",
        "/api/calendars/doc/availability",
        "/api/calendars/doc/feed.ics",
        "/api/calendars/doc/feed-tokens",
        "/api/calendars/doc/feed-tokens/some",
        "/api/series",
        "/api/series/some",
        "/api/waitlist",
        "/api/waitlist/analytics",
        "/api/waitlist/some",
        "/api/waitlist/offers/some/accept",
        "/api/rooms",
        "/api/rooms/of-ann/messages",
        "/api/bookings/",
        "/api/bookings/some/",
        "/api/bookings/some/sing",
        "/api/rooms/",
        "/api/calendars",
        "/api/waitlist/offers/some",
    ):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            await ask.rest("nobody", method, path)
            if method in ("PUT", "DELETE", "HEAD"):
                await ask.rest("cat", method, path)
