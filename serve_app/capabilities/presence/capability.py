"""Presence, for the list of capabilities."""

from collections.abc import AsyncIterator
from typing import Final

from actors.kernel.contract.entity import Principal
from actors.presence.keeping import forget, load
from common.clock import to_rfc3339
from serve_app.capabilities.capability import ApiContext, Capability, Section
from serve_app.capabilities.presence.client_events import PRESENCE_REQUESTS
from serve_app.capabilities.presence.server_events import PRESENCE_EVENTS
from store.ports.views import Views


class PersonalPresence:
    """The status that a person chose last, and when they were seen."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        memory = (await load(self._views, [who.user])).get(who.user)
        yield "presence", None if memory is None else {"status": memory.choice, "last_seen": _time(memory.seen_ms)}

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await forget(self._views, user)


def _time(ms: int) -> str | None:
    return to_rfc3339(ms) if ms else None


def _personal(context: ApiContext) -> PersonalPresence:
    return PersonalPresence(context.stores.views)


PRESENCE: Final = Capability(name="presence", events=PRESENCE_EVENTS, requests=PRESENCE_REQUESTS, personal=_personal)
