"""What search keeps of one person: pages that they asked for, and hashes of their words in the index, which is made
anew without them once their key is destroyed."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.search.asking.pages import Pages
from serve_app.capabilities.search.erased import ErasedPeople


class PersonalSearch:
    """One a replica of the API."""

    def __init__(self, pages: Pages, erased: ErasedPeople) -> None:
        self._pages, self._erased = pages, erased

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`. What is noted for five minutes is nobody's data."""
        return
        yield "", None  # so that it is a generator

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._pages.forget(user)
        await self._erased.note(user)
