"""The end of a connection to a media worker that answers."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from actors.meetings.activities import MediaRoomState
from common.errors import CarewireError, InvalidArgument
from common.logs import get_logger
from common.net.framing import Listening
from common.net.ports import PortRange
from common.net.proof import SharedSecret
from common.net.server import FramedServer
from common.net.tls import NodeTls
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.worker import MediaWorker

_log = get_logger(__name__)
Answers = Mapping[int, Callable[[bytes], object]]


class _Connection(Listening):
    def __init__(self, secret: SharedSecret, answers: Answers, among: set[Listening]) -> None:
        super().__init__(secret, among=among)
        self._answers: Final = answers

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        if (answer := self._answers.get(method)) is None:
            self.hang_up()
            return
        try:
            self.reply(call, wire.done(answer(payload)))
        except CarewireError as error:
            self.reply(call, wire.refused(error))
        except msgspec.MsgspecError:
            self.reply(call, wire.refused(InvalidArgument("This worker does not understand that.")))
        except Exception:  # whatever it is: everybody else goes on  # noqa: BLE001
            _log.exception("media.call_failed", method=method)
            self.reply(call, wire.refused(CarewireError("Something went wrong at the media worker.")))


class WorkerDoor:
    """Answers for one worker. `asked`: is called whenever the supervisor looks. `stop`: ends the process."""

    def __init__(self, worker: MediaWorker, asked: Callable[[], None], stop: Callable[[], None]) -> None:
        self.key = secrets.token_urlsafe(24)
        self._answers: Answers = {
            wire.APPLY: lambda data: worker.apply(wire.unpacked(data, MediaRoomState)),
            wire.OFFER: lambda data: worker.offer(wire.unpacked(data, wire.MakeOffer)),
            wire.SUBSCRIBE: lambda data: wire.SlotAssignments(
                worker.subscribe(wire.unpacked(data, wire.TrackSubscriptions))
            ),
            wire.STATS: lambda data: self._stats(worker, asked),
            wire.DRAIN: lambda data: worker.drain(),
            wire.STOP: lambda data: stop(),
        }
        secret = SharedSecret(self.key.encode(), wire.PURPOSE)
        self._server = FramedServer(lambda among: _Connection(secret, self._answers, among))

    @staticmethod
    def _stats(worker: MediaWorker, asked: Callable[[], None]) -> wire.Stats:
        asked()
        return worker.stats()

    async def open(self, host: str, ports: PortRange | None, tls: NodeTls | None) -> str:
        """Listen. The address. Raises StartupError: no port is free."""
        return f"{host}:{await self._server.start(host, ports, tls)}"

    def close(self) -> None:
        """Answer no more, and hang up."""
        self._server.close()
