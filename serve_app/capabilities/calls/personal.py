"""What calls hold of one person: when they were called, by whom, and what became of it."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.calls.service import Calls
from serve_app.capabilities.capability import Section


class PersonalCalls:
    """One a replica of the API."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "calls", self._calls.of(who.user)

    async def erase(self, user: str) -> None:
        """See `Personal`. That there was a call stays, by id."""
        await self._calls.forget(user)
