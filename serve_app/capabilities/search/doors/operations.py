"""Every operation of search."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import kinds_of, wanted_in_room, wanted_of
from serve_app.capabilities.search.doors import examples
from serve_app.capabilities.search.doors.answers import JobBegun, SearchPage, SearchStatus, Suggestions
from serve_app.capabilities.search.doors.requests import Ask, AskRoom, CheckIndex, NoMembers, Suggest
from serve_app.capabilities.search.upkeep import Upkeep
from serve_app.edge.operation import Caller, Operation, Rest

_PATH: Final = "/api/search"
_UPKEEP: Final = "/api/operations/search"
_TAG: Final = "search"


class SearchOperations:
    """One a process. `types`: those that there are here."""

    def __init__(self, search: Search, upkeep: Upkeep, types: Sequence[str]) -> None:
        self._search, self._upkeep, self._types = search, upkeep, types

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._asking()
        yield from self._keeping()

    def _asking(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="search",
            action="search.use",
            request=Ask,
            call=lambda asked, caller: self._search.search(
                wanted_of(asked, self._types), by=caller.by, trace=caller.trace
            ),
            rest=Rest("GET", _PATH, tag=_TAG, strict=True),
            limit="read",
            response=SearchPage,
            refuses=(FailedPrecondition, NotFound),
            example=examples.SEARCH,
            description="Find people, appointments, messages, worksheets, files and rooms, of what the caller may see "
            "at this moment. Nothing else is counted.",
        )
        yield Operation(
            name="suggest",
            action="search.use",
            request=Suggest,
            call=self._suggest,
            rest=Rest("GET", f"{_PATH}/suggest", tag=_TAG, strict=True),
            limit="read",
            response=Suggestions,
            example=examples.SUGGEST,
            description="Titles and names that begin so, five at most.",
        )
        yield Operation(
            name="search_messages",
            action="search.room",
            request=AskRoom,
            call=lambda asked, caller: self._search.search(wanted_in_room(asked), by=caller.by, trace=caller.trace),
            rest=Rest("GET", "/api/rooms/{room_id}/search", tag=_TAG, strict=True),
            limit="read",
            response=SearchPage,
            resource=("room_id",),
            refuses=(FailedPrecondition, NotFound),
            example=examples.IN_ROOM,
            description="Find messages of one room.",
        )

    def _keeping(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="get_search_status",
            action="search.status",
            request=NoMembers,
            call=self._status,
            rest=Rest("GET", _UPKEEP, tag=_TAG),
            limit="read",
            response=SearchStatus,
            example=examples.STATUS,
            description="How the index is. For administrators.",
        )
        yield Operation(
            name="reindex_search",
            action="search.keep",
            request=NoMembers,
            call=lambda _, caller: self._upkeep.reindex(caller),
            rest=Rest("POST", f"{_UPKEEP}/reindex", status=202, tag=_TAG),
            limit="write",
            response=JobBegun,
            example=examples.REINDEX,
            description="Make a new index beside the old one, which goes on answering. For administrators.",
        )
        yield Operation(
            name="check_search",
            action="search.keep",
            request=CheckIndex,
            call=lambda asked, caller: self._upkeep.check(caller, repair=asked.repair),
            rest=Rest("POST", f"{_UPKEEP}/check", status=202, tag=_TAG),
            limit="write",
            response=JobBegun,
            example=examples.CHECK,
            description="Compare the index with its sources, and with `repair` put right what differs. For "
            "administrators.",
        )
        yield Operation(
            name="rotate_search_key",
            action="search.keep",
            request=NoMembers,
            call=lambda _, caller: self._upkeep.rotate(caller),
            rest=Rest("POST", f"{_UPKEEP}/rotate-key", status=202, tag=_TAG),
            limit="write",
            response=JobBegun,
            example=examples.ROTATE,
            description="Make a new index under a new key, and destroy the old key. For administrators.",
        )

    async def _suggest(self, asked: Suggest, caller: Caller) -> Suggestions:
        kinds = kinds_of(asked.type, self._types)
        return await self._search.suggest(asked.q, kinds, by=caller.by, trace=caller.trace)

    async def _status(self, _: NoMembers, caller: Caller) -> SearchStatus:
        return await self._upkeep.status()
