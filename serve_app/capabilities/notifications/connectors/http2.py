"""HTTP/2 (RFC 9113) to one server, over a connection that many requests share and that may end at any moment.

No request waits longer than it is given, whatever the server does; one that was certainly not begun is told apart from
one of which nobody knows.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

_READ: Final = 65_536
_CONNECT_S: Final = 5.0
_IDLE_S: Final = 300.0  # longer, and nobody knows what became of it on the way
_DEAF_AFTER: Final = 3  # requests in a row that nothing came back to


class NotBegunError(Exception):
    """The server has not begun with this request, and will not: it may be made again."""


class LostError(Exception):
    """The connection ended before the answer."""


@dataclass(frozen=True, slots=True)
class Http2Answer:
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Stream:
    answer: asyncio.Future[Http2Answer]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class Http2Connection:
    """One connection. `usable` is False as soon as it takes no new requests; what has begun may still end well."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self._streams: dict[int, _Stream] = {}
        self._room = asyncio.Condition()
        self._unanswered = 0
        self._used_s = asyncio.get_running_loop().time()
        self._open = True
        self._h2.initiate_connection()
        self._flush()
        self._reading = asyncio.create_task(self._read())

    @property
    def usable(self) -> bool:
        """May another request be made?"""
        idle_s = asyncio.get_running_loop().time() - self._used_s
        return self._open and (bool(self._streams) or idle_s < _IDLE_S) and self._unanswered < _DEAF_AFTER

    async def request(self, headers: Sequence[tuple[str, str]], body: bytes, within_s: float) -> Http2Answer:
        """Make it, and wait for the answer. `body` has a byte or more.

        Raises:
            NotBegunError: see there.
            LostError: see there.
            TimeoutError: no answer came in time.
        """
        begun: list[int] = []
        try:
            async with asyncio.timeout(within_s):
                stream = await self._begin(headers, begun)
                await self._send(begun[0], body)
                return await stream.answer
        except (TimeoutError, asyncio.CancelledError):
            self._unanswered += 1
            if not begun:
                raise NotBegunError from None
            raise
        finally:
            await self._end(*begun)

    async def finish(self) -> None:
        """Take no new requests, and hang up when those that have begun have ended."""
        self._open = False
        try:
            async with self._room:
                await self._room.wait_for(lambda: not self._streams)
        finally:
            await self.close()

    async def close(self) -> None:
        """Hang up."""
        self._over(LostError())
        self._reading.cancel()
        self._writer.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _begin(self, headers: Sequence[tuple[str, str]], begun: list[int]) -> _Stream:
        async with self._room:
            await self._room.wait_for(lambda: not self._open or len(self._streams) < self._most_streams())
            if not self._open:
                raise NotBegunError
            try:
                number = self._h2.get_next_available_stream_id()
                self._h2.send_headers(number, headers)
            except h2.exceptions.ProtocolError:  # it has had all the streams that a connection can have
                self._open = False
                raise NotBegunError from None
            stream = self._streams[number] = _Stream(asyncio.get_running_loop().create_future())
            begun.append(number)
            self._flush()
        return stream

    async def _send(self, number: int, body: bytes) -> None:
        """The body, as fast as the server's windows allow."""
        at = 0
        while at < len(body):
            async with self._room:
                await self._room.wait_for(lambda: self._window(number) > 0 or self._is_over(number))
                if self._is_over(number):
                    return  # it was answered, or ended, before all of it was there
                size = min(self._window(number), self._h2.max_outbound_frame_size, len(body) - at)
                self._h2.send_data(number, body[at : at + size], end_stream=at + size == len(body))
                self._flush()
            at += size

    async def _end(self, number: int | None = None) -> None:
        """Forget a stream. One that is not answered is given up, so that its place is free again."""
        async with self._room:
            stream = None if number is None else self._streams.pop(number, None)
            if stream is not None and number is not None and not stream.answer.done() and self._open:
                try:
                    self._h2.reset_stream(number, h2.errors.ErrorCodes.CANCEL)
                    self._flush()
                except h2.exceptions.ProtocolError:
                    pass  # it had ended in the same moment
            self._used_s = asyncio.get_running_loop().time()
            self._room.notify_all()

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(_READ):
                for event in self._h2.receive_data(data):
                    self._take(event)
                self._flush()
                async with self._room:
                    self._room.notify_all()
        except (OSError, h2.exceptions.ProtocolError):
            pass  # whatever it was, this connection is over
        finally:
            self._over(LostError())
            self._writer.close()
            async with self._room:
                self._room.notify_all()

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived():
                self._answered_headers(event)
            case h2.events.DataReceived():
                if (stream := self._streams.get(event.stream_id)) is not None:
                    stream.body += event.data
                if event.flow_controlled_length:  # an empty frame is one too
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self._answered(event.stream_id)
            case h2.events.StreamReset():
                refused = event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM
                self._fail(event.stream_id, NotBegunError() if refused else LostError())
            case h2.events.ConnectionTerminated():
                self._open = False
                for number in [number for number in self._streams if number > (event.last_stream_id or 0)]:
                    self._fail(number, NotBegunError())

    def _answered_headers(self, event: h2.events.ResponseReceived) -> None:
        if (stream := self._streams.get(event.stream_id)) is not None:
            headers = {str(name): str(value) for name, value in event.headers or ()}
            stream.status, stream.headers = int(headers.get(":status", "0")), headers

    def _answered(self, number: int) -> None:
        stream = self._streams.get(number)
        if stream is not None and not stream.answer.done():
            self._unanswered = 0
            stream.answer.set_result(Http2Answer(stream.status, stream.headers, bytes(stream.body)))

    def _fail(self, number: int, error: Exception) -> None:
        stream = self._streams.get(number)
        if stream is not None and not stream.answer.done():
            stream.answer.set_exception(error)
            stream.answer.exception()  # whoever began it may not wait for it any more

    def _over(self, error: Exception) -> None:
        self._open = False
        for number in list(self._streams):
            self._fail(number, error)

    def _is_over(self, number: int) -> bool:
        return self._streams[number].answer.done()

    def _most_streams(self) -> int:
        return int(self._h2.remote_settings.max_concurrent_streams)

    def _window(self, number: int) -> int:
        try:
            return int(self._h2.local_flow_control_window(number))
        except h2.exceptions.ProtocolError:
            return 0

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._writer.write(data)


async def connect(host: str, port: int, tls: ssl.SSLContext) -> Http2Connection:
    """A connection to a server that speaks HTTP/2.

    Raises:
        OSError, TimeoutError: there is none.
        ssl.SSLError: it is none that we trust.
    """
    tls.set_alpn_protocols(["h2"])
    async with asyncio.timeout(_CONNECT_S):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    return Http2Connection(reader, writer)
