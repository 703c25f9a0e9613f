"""One HTTP connection of the REST API, bounded: in the bytes of a request's head, in time, and in number.

uvicorn with httptools bounds none of these. What a client may make us keep, and for how long:

    a head        `max_header_bytes`, `max_headers`, `max_url_bytes`; beyond: 431 or 414 (RFC 6585, 5)
    trailers      count as part of the head, and are dropped: what comes behind a body is no header
    a head        `header_timeout_s` from the connection, or from its first byte; beyond: closed
    a body        `body_timeout_s`, and a second more for each 1024 bytes; time in which we do not read is free
    its rest      once it is answered: closed when nothing of it comes for `_LINGER_S`, or after `body_timeout_s`
    an answer     a client that takes less than 1024 bytes a second of it for `write_timeout_s` is cut
    connections   `ConnectionCount`: in all, and of one address

Who is late is closed without a word, as nginx does it: a 408 may cross with the next request on its way, and be taken
for the answer to it, while a connection that ends is a reason to ask again.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import httptools
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from config.settings import HttpSettings
from serve_app.edge.api.connections import ConnectionCount
from serve_app.edge.api.refusals import refusal
from serve_app.edge.api.write_watch import LEAST_BYTES_PER_S, WriteWatch

_SLICE: Final = 4096  # bytes parsed between two looks at what is kept
_MOST_PIPELINED: Final = 16  # requests of one connection that wait for the answer to the one before
_LINGER_BYTES: Final = 1 << 20  # of a body that are read and thrown away once it is answered
_LINGER_S: Final = 2.0  # for a client that is answered early to read so, before its connection is reset


class _Refused(Exception):
    """Raised within the parser's callbacks, to end the parsing."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the bounds of this module. `bounds` and `admission` are set by `bounded`."""

    bounds: HttpSettings
    admission: ConnectionCount

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url = b""
        self._in_head = True  # from the end of a request to the end of the next one's head
        self._begun = False  # the request whose head is awaited has sent a byte
        self._head_bytes = 0  # parsed
        self._unparsed_bytes = 0  # fed since anything was kept that is counted elsewhere
        self._header_count = 0
        self._unanswered = 0
        self._body_bytes = 0
        self._reason: HTTPStatus | None = None
        self._ended = False  # nothing more is read
        self._admitted = False
        self._deadline: asyncio.TimerHandle | None = None  # of the head, or of the body
        self._body_began_s = 0.0
        self._writes = WriteWatch(self.loop, self.bounds.write_timeout_s)

    # life

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._admitted = self.admission.admit(self._address)
        if not self._admitted:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted:
            self.admission.leave(self._address)
            self._admitted = False
        self._writes.stop()
        for timer in (self._deadline, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        self._ended = True
        self.pipeline.clear()
        super().connection_lost(exc)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    # what comes

    @override
    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        view = memoryview(data)
        for start in range(0, len(data), _SLICE):
            if self._ended:
                return
            self._feed(bytes(view[start : start + _SLICE]))
        if self._in_head and self._deadline is None and not self._ended:
            self._await_more()

    def _await_more(self) -> None:
        """A request has begun, or the rest of one that was answered long ago is there at last."""
        if self._begun:
            self._await_head()
        elif not self._unanswered:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _feed(self, piece: bytes) -> None:
        self._begun = self._begun or self._in_head
        self._unparsed_bytes += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:  # we speak nothing else: it is answered as what it is, then closed
            self._ended = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._reason or HTTPStatus.BAD_REQUEST)
        else:  # the first piece may have belonged to what came before
            if self._unparsed_bytes > self.bounds.max_header_bytes + _SLICE:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._begun = True
        self._head_bytes = self._header_count = self._unparsed_bytes = 0

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head_bytes += len(url)
        if len(self.url) > self.bounds.max_url_bytes:
            self._give_up(HTTPStatus.REQUEST_URI_TOO_LONG)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        self._head_bytes += len(name) + len(value) + len(b": \r\n")
        if self._header_count > self.bounds.max_headers or self._head_bytes > self.bounds.max_header_bytes:
            self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._in_head:
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= _MOST_PIPELINED:
            self._give_up(HTTPStatus.SERVICE_UNAVAILABLE)
        super().on_headers_complete()
        self._unanswered += 1
        self._in_head = self._begun = False
        self._unparsed_bytes = self._body_bytes = 0
        self._body_began_s = self.loop.time()
        self._set_deadline(self.bounds.body_timeout_s, self._body_is_late)

    @override
    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)
        if self.cycle.response_complete:
            if self._body_bytes > _LINGER_BYTES:
                self._give_up(HTTPStatus.BAD_REQUEST)
            self._linger()

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._begun = True, False
        self._unparsed_bytes = self._head_bytes = self._header_count = 0
        self._set_deadline(None)

    def _linger(self) -> None:
        """The answer is out before the body is in: the connection is of use again only if the rest still comes (RFC
        9112, 9.6)."""
        left_s = self._body_began_s + self.bounds.body_timeout_s - self.loop.time()
        self._set_deadline(min(_LINGER_S, max(left_s, 0.0)), self._body_is_late)

    def _give_up(self, reason: HTTPStatus) -> None:
        self._reason = reason
        raise _Refused

    # deadlines

    def _set_deadline(self, after_s: float | None, late: Any = None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if after_s is None else self.loop.call_later(after_s, late)

    def _await_head(self) -> None:
        self._set_deadline(self.bounds.header_timeout_s, self._head_is_late)

    def _head_is_late(self) -> None:
        self._deadline = None
        self._refuse(None)

    def _body_is_late(self) -> None:
        self._deadline = None
        if not self.cycle.response_complete:
            if self.flow.read_paused or self.cycle.waiting_for_100_continue:  # it is we who are slow
                self._body_began_s += self.bounds.body_timeout_s
            granted_s = self.bounds.body_timeout_s + self._body_bytes / LEAST_BYTES_PER_S
            left_s = self._body_began_s + granted_s - self.loop.time()
            if left_s > 0:
                self._set_deadline(left_s, self._body_is_late)
                return
        self._close()

    # what goes

    @override
    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        if self.transport.is_closing():
            self._writes.watch(self.transport)
        elif not self._in_head and self.cycle.response_complete:
            self._linger()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._writes.watch(self.transport)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._writes.stop()
        if self.transport.is_closing():
            self._writes.watch(self.transport)

    @override
    def timeout_keep_alive_handler(self) -> None:
        if self._deadline is None:  # else a request has begun, or what is left of one is awaited
            self._close()

    # the end

    def _refuse(self, status: HTTPStatus | None) -> None:
        """Answer so, when there is a status and this is the turn of the request that is refused, and close."""
        self._ended = True
        self._set_deadline(None)
        if self._unanswered == 1 and self._in_head:
            self.cycle.keep_alive = False  # a good one came before: it gets its answer
        elif status is not None and self._is_first_in_line:
            self._answer(status)
        else:
            self._close()

    @property
    def _is_first_in_line(self) -> bool:
        """Would the next bytes that we write be the answer to the request that is being read?"""
        if self._in_head:
            return not self._unanswered
        return self._unanswered == 1 and not self.cycle.response_started

    def _answer(self, status: HTTPStatus) -> None:
        self._abandon()
        self.transport.write(refusal(status))
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self._close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._set_deadline(_LINGER_S, self._close)

    def _abandon(self) -> None:
        """Whoever works on the request has nobody to answer any more."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _close(self) -> None:
        """Close once what was written is read, or it is clear that nobody reads it."""
        self._ended = True
        self._abandon()
        if self.transport.get_write_buffer_size():
            self._writes.watch(self.transport)
        self.transport.close()


def bounded(settings: HttpSettings, admission: ConnectionCount) -> type[BoundedProtocol]:
    """The protocol class for a listener with these bounds: uvicorn makes one of it for each connection."""
    return type("Bounded", (BoundedProtocol,), {"bounds": settings, "admission": admission})
