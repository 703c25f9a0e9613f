"""What somebody may not do, at every door: operations of a scope are not carried out for whom it is in force.

HTTP looks it up for each request. A gateway keeps what is in force in memory, and follows the read model as it follows
revocations: a socket's events wait for nobody.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from actors.moderation.views import restricted
from common.clock import Clock
from common.errors import PermissionDenied
from common.logs import get_logger
from serve_app.capabilities.rooms.blocks.shapes import FileBlock, ImageBlock
from serve_app.capabilities.rooms.requests import PostMessage
from serve_app.edge.operation import Answer, Caller, Operation
from store.mongo.client import Database, Document, database_errors
from store.mongo.following import Following
from store.ports.restrictions import RESTRICTIONS
from store.ports.views import Views

SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("message", "edit_message", "schedule_message", "update_scheduled", "use_block"),
        ("message",),
    ),
    **dict.fromkeys(("create_room", "create_conversation", "respond_conversation", "add_members"), ("room",)),
    # who joins a meeting is refused by it, in the order of its refusals
    **dict.fromkeys(("call_user", "answer_call", "create_meeting", "create_video_room"), ("call",)),
    **dict.fromkeys(
        (
            *("request_booking", "create_booking", "create_booking_from_message", "reschedule_booking"),
            *("create_series", "join_waitlist", "bulk_bookings"),
        ),
        ("booking",),
    ),
    **dict.fromkeys(("share_file", "share_image"), ("file", "message")),
    "link_file": ("file",),  # who uploads is refused by the routes of uploads
}
"""Operations by what they are; a switch for one that is not there changes nothing."""
_FILE: Final = "file"
_OF_FILES: Final = (FileBlock, ImageBlock)
RESTRICTED: Final = "restricted"
_MOST: Final = 10_000
log = get_logger(__name__)


class Restrictions:
    """One a process. `following`: whether it keeps them in memory."""

    def __init__(self, views: Views, clock: Clock) -> None:
        self._views, self._clock = views, clock
        self._by_id: dict[str, tuple[str, frozenset[str], int]] = {}  # user, scopes, until (ms)
        self._users: dict[str, set[str]] = {}
        self._following: Following | None = None

    def guarded(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation, for whoever may; others are told why not."""
        scopes = SCOPES.get(operation.name)
        if scopes is None:
            return operation
        refuses = tuple(dict.fromkeys((*operation.refuses, PermissionDenied)))
        return replace(operation, call=self._guarding(scopes, operation.call), refuses=refuses)

    async def follow(self, database: Database) -> None:
        """Keep them in memory from now on."""
        following = Following(database[RESTRICTIONS], self._heard, lambda: self._read_all(database))
        await following.start()
        self._following = following

    async def require(self, user: str, scope: str) -> None:
        """Raises PermissionDenied: they may not, for a while."""
        if self._following is not None:
            self._check(user, scope)
        elif await restricted(self._views, user, scope, self._clock.platform_ms()):
            raise _restricted(scope)

    def _guarding(
        self, scopes: tuple[str, ...], call: Callable[[Any, Caller], Awaitable[Answer]]
    ) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def looked_up(request: Any, caller: Caller) -> Answer:
            for scope in _with_files(scopes, request):
                await self.require(caller.by.user, scope)
            return await call(request, caller)

        async def refused(error: PermissionDenied) -> Answer:
            raise error

        def guarding(request: Any, caller: Caller) -> Awaitable[Answer]:
            if self._following is None:
                return looked_up(request, caller)
            try:
                for scope in _with_files(scopes, request):
                    self._check(caller.by.user, scope)
            except PermissionDenied as error:
                return refused(error)
            return call(request, caller)

        return guarding

    def _check(self, user: str, scope: str) -> None:
        for name in self._users.get(user, ()):
            _, scopes, until = self._by_id[name]
            if scope in scopes and (not until or until > self._clock.platform_ms()):
                raise _restricted(scope)

    def _heard(self, document: Document) -> None:
        fields, name = document["f"], document["_id"]
        user = str(fields["user"])
        if fields["active"]:
            self._by_id[name] = user, frozenset(str(fields["scope"]).split(",")), int(fields["until"] or 0)
            self._users.setdefault(user, set()).add(name)
        elif self._by_id.pop(name, None) is not None:
            self._users[user].discard(name)
            if not self._users[user]:
                del self._users[user]

    async def _read_all(self, database: Database) -> None:
        with database_errors():
            found: Iterable[Document] = await database[RESTRICTIONS].find({"f.active": True}).to_list(_MOST)
        kept = set()
        for document in found:
            kept.add(document["_id"])
            self._heard(document)
        for name in [one for one in self._by_id if one not in kept]:
            user = self._by_id.pop(name)[0]
            self._users.get(user, set()).discard(name)


def _with_files(scopes: tuple[str, ...], request: Any) -> tuple[str, ...]:
    """A message that holds a file is both."""
    if not isinstance(request, PostMessage) or not (request.attachments or request.blocks):
        return scopes
    attached = any("file_id" in one for one in request.attachments or ())
    shown = any(isinstance(one, _OF_FILES) for one in request.blocks or ())
    return (*scopes, _FILE) if attached or shown else scopes


def _restricted(scope: str) -> PermissionDenied:
    return PermissionDenied("You may not do this for now.", details={"reason": RESTRICTED, "scope": scope})
