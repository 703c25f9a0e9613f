"""What somebody wrote where nothing may be said now: it is looked at once for danger, and kept nowhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.moderation.shield.commands import ScreenRefusal
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.capabilities.moderation.spam import BURST, LINKS, SAME_TEXT
from serve_app.edge.operation import Answer, Caller, Operation

_SAID: Final[Mapping[str, str]] = {
    **dict.fromkeys(("message", "edit_message", "schedule_message"), "body"),
    **dict.fromkeys(("share_file", "share_image"), "caption"),
}
"""Operations that say something, and the member that holds the words."""
_REASONS: Final = frozenset(
    {"requested", "declined", "paused", "closed", "unreachable", "restricted", "first_messages", "names_client", "held"}
    | {SAME_TEXT, LINKS, BURST}
)
log = get_logger(__name__)


class RefusedWords:
    """One a process."""

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    def looked_at(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation; the words that it refuses are looked at."""
        member = _SAID.get(operation.name)
        return operation if member is None else replace(operation, call=self._looking(operation.call, member))

    def _looking(
        self, call: Callable[[Any, Caller], Awaitable[Answer]], member: str
    ) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def looking(request: Any, caller: Caller) -> Answer:
            try:
                return await call(request, caller)
            except CarewireError as error:
                if error.details is not None and error.details.get("reason") in _REASONS:
                    await self._look(request.room_id, getattr(request, member), caller)
                raise

        return looking

    async def _look(self, room: str, words: str | None, caller: Caller) -> None:
        """Whoever was refused is answered so, whatever becomes of this."""
        if not words:
            return
        command = ScreenRefusal(room=room, secret=words.encode())
        try:
            await self._entities.ask(f"shield:{caller.by.user}", command, by=SYSTEM, trace=caller.trace)
        except CarewireError as error:
            log.error("refused.not_looked_at", room=room, code=error.code)
