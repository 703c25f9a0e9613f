"""Faults told to Sentry, or to whoever understands its envelopes: what broke and where, never with what.

A report says the name of the logged event, the type of the error, and the lines that led there. It holds no variables,
no message of an error and no ids: what those quote may be somebody's. One process tells of one fault once a minute.
Nobody waits for it, but for the last words of a thread or a process; what cannot be told is left to the logs, where it
stands anyway.
Source: https://develop.sentry.dev/sdk/data-model/envelopes/.
"""

import http.client
import json
import queue
import re
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from common.net.dsn import Dsn

ROOT: Final = str(Path(__file__).parents[2])
ONCE_IN_S: Final = 60.0
_TIMEOUT_S: Final = 5.0
_PAUSE_S: Final = 60.0  # after a refusal that does not say how long
_MOST_WAITING: Final = 100
_MOST_KNOWN: Final = 1000
_MOST_CAUSES: Final = 5
_LAST_WORDS: Final = "critical"
_LONGEST_PAUSE_S: Final = 3600.0
_NAME: Final = re.compile(r"[a-z0-9_.]+")  # of our events; what libraries log is a sentence, and may quote
_TOO_MANY: Final = 429


def envelope(fault: Mapping[str, Any], *, process: str, event_id: str, at: datetime) -> bytes:
    """The report of a logged event: a line of structlog with its `exc_info`."""
    error, name = _error_of(fault.get("exc_info")), str(fault.get("event", ""))
    event: dict[str, Any] = {
        "event_id": event_id,
        "timestamp": at.isoformat(),
        "platform": "python",
        "level": "fatal" if fault.get("level") == _LAST_WORDS else "error",
        "logger": str(fault.get("logger", "")),
        "logentry": {"formatted": name if _NAME.fullmatch(name) else "logged by a library"},
        "tags": {"process": process},
    }
    if error is not None:
        event["exception"] = {"values": [_exception(one) for one in reversed(list(_causes(error)))]}
    body = json.dumps(event).encode()
    head = json.dumps({"event_id": event_id, "sent_at": at.isoformat()}).encode()
    return b"\n".join([head, json.dumps({"type": "event", "length": len(body)}).encode(), body, b""])


class FaultReporter:
    """Tells of faults from a thread of its own, which begins with the first one."""

    def __init__(self, dsn: Dsn, process: str, *, now_s: Callable[[], float] = time.monotonic) -> None:
        """`process`: who tells."""
        self._dsn, self._process, self._now_s = dsn, process, now_s
        self._waiting: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._told_s: dict[tuple[object, ...], float] = {}
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def report(self, fault: Mapping[str, Any]) -> None:
        """Tell of a logged event, unless it was told lately, or too many wait. Of last words, before it returns."""
        if not self._is_news(fault):
            return
        told = envelope(fault, process=self._process, event_id=uuid.uuid4().hex, at=datetime.now(UTC))
        if fault.get("level") == _LAST_WORDS:
            self._send(told)
            return
        with suppress(queue.Full):
            self._waiting.put_nowait(told)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
                self._thread.start()

    def _is_news(self, fault: Mapping[str, Any]) -> bool:
        error = _error_of(fault.get("exc_info"))
        last = None if error is None or error.__traceback__ is None else _frames(error)[-1:]
        named = (fault.get("logger"), fault.get("event"), type(error).__name__, str(last))
        now_s = self._now_s()
        if now_s - self._told_s.get(named, float("-inf")) < ONCE_IN_S:
            return False
        if len(self._told_s) >= _MOST_KNOWN:
            self._told_s.clear()
        self._told_s[named] = now_s
        return True

    def _run(self) -> None:
        while True:
            time.sleep(self._send(self._waiting.get()))

    def _send(self, told: bytes) -> float:
        """How many seconds to rest after it."""
        dsn = self._dsn
        way = http.client.HTTPSConnection if dsn.secure else http.client.HTTPConnection
        connection = way(dsn.host, dsn.port, timeout=_TIMEOUT_S)
        try:
            headers = {
                "Content-Type": "application/x-sentry-envelope",
                "X-Sentry-Auth": f"Sentry sentry_version=7, sentry_client=carewire/1, sentry_key={dsn.key}",
            }
            connection.request("POST", dsn.path, told, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):  # not logged: it would be told again
            return 0.0
        finally:
            connection.close()
        if answer.status != _TOO_MANY:
            return 0.0
        wait_s = answer.headers.get("Retry-After", "")
        return min(float(wait_s), _LONGEST_PAUSE_S) if wait_s.isdigit() else _PAUSE_S


def _error_of(exc_info: object) -> BaseException | None:
    """As logging allows it to be said: the error, its triple, or anything true for the one that is handled."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """It, and what led to it."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen and len(seen) < _MOST_CAUSES:
        seen.append(current)
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _exception(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    return {"type": kind.__name__, "module": kind.__module__, "stacktrace": {"frames": _frames(error)}}


def _frames(error: BaseException) -> list[dict[str, Any]]:
    """Where it went, the outermost first."""
    return [
        {
            "filename": frame.f_code.co_filename.removeprefix(f"{ROOT}/"),
            "function": frame.f_code.co_name,
            "lineno": line,
            "in_app": frame.f_code.co_filename.startswith(ROOT) and "site-packages" not in frame.f_code.co_filename,
        }
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
