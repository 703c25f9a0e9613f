"""What somebody wrote where nothing may be said now: it is looked at once for danger, and kept nowhere."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.moderation.shield.commands import ScreenRefusal
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.edge.operation import Answer, Caller, Operation

_SAID: Final = frozenset({"message", "edit_message"})
_REASONS: Final = frozenset(
    {"requested", "declined", "paused", "closed", "unreachable", "restricted", "first_messages", "same_text"}
)
log = get_logger(__name__)


class RefusedWords:
    """One a process."""

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    def looked_at(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation; the words that it refuses are looked at."""
        return replace(operation, call=self._looking(operation.call)) if operation.name in _SAID else operation

    def _looking(self, call: Callable[[Any, Caller], Awaitable[Answer]]) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def looking(request: Any, caller: Caller) -> Answer:
            try:
                return await call(request, caller)
            except CarewireError as error:
                if error.details is not None and error.details.get("reason") in _REASONS:
                    await self._look(request, caller)
                raise

        return looking

    async def _look(self, request: Any, caller: Caller) -> None:
        """Whoever was refused is answered so, whatever becomes of this."""
        if not request.body:
            return
        command = ScreenRefusal(room=request.room_id, secret=request.body.encode())
        try:
            await self._entities.ask(f"shield:{caller.by.user}", command, by=SYSTEM, trace=caller.trace)
        except CarewireError as error:
            log.error("refused.not_looked_at", room=request.room_id, code=error.code)
