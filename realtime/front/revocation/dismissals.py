"""Disconnecting a client for good: it is told why first, and does not come back by itself."""

from functools import partial
from typing import Final

from common.errors import CarewireError
from common.lib.tasks import Tasks
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadlines
from realtime.front.acks import error_event

_LAST_WORDS_S: Final = 1.0  # to write why, to a client that reads


class Dismissals:
    """Those of one gateway."""

    def __init__(self, tasks: Tasks, deadlines: Deadlines) -> None:
        self._tasks = tasks
        self._deadlines = deadlines

    def dismiss(self, connection: Connection, error: CarewireError, reason: str) -> None:
        """Tell the client why, and disconnect it once it has read that. `reason`: for the metrics."""
        connection.writer.emit("error", error_event(error))
        self._tasks.spawn(connection.writer.hang_up(reason))

    def throw_out(self, connection: Connection, error: CarewireError, reason: str) -> None:
        """`dismiss`, and close the socket a second later if the client does not read."""
        self.dismiss(connection, error, reason)
        self._deadlines.after(_LAST_WORDS_S, partial(self._cut, connection, reason))

    def _cut(self, connection: Connection, reason: str) -> None:
        self._tasks.spawn(connection.writer.cut(reason))
