"""What search keeps of one person: pages that they asked for. The index itself holds nothing that is not elsewhere;
whoever is erased leaves it with their account."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.search.asking.pages import Pages


class PersonalSearch:
    """One a replica of the API."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`. What is noted for five minutes is nobody's data."""
        return
        yield "", None  # so that it is a generator

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._pages.forget(user)
