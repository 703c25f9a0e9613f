"""Is there somebody who would carry a meeting?"""

from collections.abc import Awaitable, Callable

from common.errors import CarewireError
from serve_app.capabilities.meetings.workers.operations import WorkersReply
from serve_app.processes.health import Finding


class VideoHealth:
    """The part `video` of `/health`. `look`: at the workers, TURN and the fallback."""

    def __init__(self, look: Callable[[], Awaitable[WorkersReply]]) -> None:
        self._look = look

    async def look(self) -> Finding:
        """Degraded while no worker may run, or none of those that there are answers. None at all is well: one starts
        with the first meeting."""
        try:
            found = await self._look()
        except CarewireError as error:
            return Finding("degraded", {"reason": error.code})
        answering = [worker for worker in found.workers if worker.state != "starting"]
        details = {
            "workers": len(found.workers),
            "meetings": sum(worker.meetings for worker in found.workers),
            "participants": sum(worker.participants for worker in found.workers),
            "turn": found.turn,
            "fallback": found.fallback,
        }
        well = found.max_workers > 0 and (answering or not found.workers) and found.turn != "down"
        return Finding("ok" if well else "degraded", details)
