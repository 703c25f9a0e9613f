"""Faults that are told to a server which speaks Sentry's envelopes."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from typing_extensions import override

from common.logs import get_logger, log_to_file, tell_faults
from common.net.dsn import Dsn
from common.net.faults import FaultReporter

WAIT_S = 20.0


class FaultsServer:
    """Keeps what it is told: path, key and event."""

    def __init__(self) -> None:
        self.told: Queue[tuple[str, str, dict[str, Any]]] = Queue()

    @contextmanager
    def listening(self) -> Iterator[str]:
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.put((self.path, self.headers["X-Sentry-Auth"], json.loads(body.split(b"\n")[2])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            @override
            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://key@127.0.0.1:{server.server_address[1]}/42"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def quiet_again() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    tell_faults(None, "")
    for one in root.handlers:
        one.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("quiet_again")
def test_what_is_logged_as_an_error_is_told(tmp_path: Path) -> None:
    server = FaultsServer()
    with server.listening() as dsn:
        log_to_file(tmp_path / "rooms-0.log", process="rooms-0")
        tell_faults(dsn, "rooms-0")
        get_logger("shard").warning("not.a_fault")
        try:
            raise KeyError("my knee")
        except KeyError:
            get_logger("shard").exception("turn.failed", entity="room:1")
        path, auth, event = server.told.get(timeout=WAIT_S)
        logging.getLogger("library").error("its own way")
        _, _, foreign = server.told.get(timeout=WAIT_S)
    assert path == "/api/42/envelope/"
    assert "sentry_key=key" in auth
    assert event["exception"]["values"][0]["type"] == "KeyError"
    assert event["tags"] == {"process": "rooms-0"}
    assert "knee" not in json.dumps(event)
    assert "my knee" in (tmp_path / "rooms-0.log").read_text()  # logs say it whole, as before
    assert (foreign["logger"], foreign["logentry"]) == ("library", {"formatted": "logged by a library"})


def test_a_fault_that_goes_on_is_told_once_a_minute() -> None:
    server, now_s = FaultsServer(), [100.0]
    with server.listening() as dsn:
        reporter = FaultReporter(Dsn.parse(dsn), "p", now_s=lambda: now_s[0])
        for _ in range(50):
            reporter.report({"event": "again", "level": "error"})
        reporter.report({"event": "another", "level": "error"})
        assert server.told.get(timeout=WAIT_S)[2]["logentry"] == {"formatted": "again"}
        assert server.told.get(timeout=WAIT_S)[2]["logentry"] == {"formatted": "another"}
        now_s[0] += 60
        reporter.report({"event": "again", "level": "error"})
        assert server.told.get(timeout=WAIT_S)[2]["logentry"] == {"formatted": "again"}


def test_last_words_are_told_before_the_process_ends() -> None:
    server = FaultsServer()
    with server.listening() as dsn:
        FaultReporter(Dsn.parse(dsn), "p").report({"event": "process.crashed", "level": "critical"})
        assert server.told.get_nowait()[2]["level"] == "fatal"
