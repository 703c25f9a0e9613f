"""Logs: JSON lines in files, each there at once and at its level."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WRITE = """
import logging, sys, threading, warnings
from pathlib import Path
from common.logs import get_logger, log_to_file
log_to_file(Path(sys.argv[1]), "INFO", process="p-0")
get_logger("ours").info("thing.done", thing="t1")
get_logger("ours").warning("thing.odd")
logging.getLogger("theirs").error("it is %s", "broken")
"""


def run(code: str, path: Path) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """A process that logs to this file, and the lines there after its end."""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=30, check=False)
    return done, [json.loads(line) for line in path.read_text().splitlines()]


def test_each_line_is_json_with_its_level_whoever_logs_it(tmp_path: Path) -> None:
    done, lines = run(WRITE, tmp_path / "logs" / "p-0.log")
    assert [(line["event"], line["level"]) for line in lines] == [
        ("thing.done", "info"),
        ("thing.odd", "warning"),
        ("it is broken", "error"),
    ]
    assert {line["process"] for line in lines} == {"p-0"}
    assert all("timestamp" in line for line in lines)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_crash_loses_no_line(tmp_path: Path) -> None:
    """No handler of the interpreter's end runs."""
    done, lines = run(WRITE + "import os; os.kill(os.getpid(), 9)", tmp_path / "p-0.log")
    assert (done.returncode, len(lines)) == (-9, 3)


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("raise LookupError('gone')", "process.crashed"),
        ("t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()", "thread.crashed"),
    ],
)
def test_what_nobody_catches_is_one_line_with_its_trace(code: str, event: str, tmp_path: Path) -> None:
    _, lines = run(WRITE + code, tmp_path / "p-0.log")
    assert (lines[-1]["event"], lines[-1]["level"]) == (event, "critical")
    assert "Traceback" in lines[-1]["exception"]


def test_warnings_are_lines_too(tmp_path: Path) -> None:
    _, lines = run(WRITE + "warnings.warn('old')", tmp_path / "p-0.log")
    assert (lines[-1]["logger"], lines[-1]["level"]) == ("py.warnings", "warning")


def test_where_no_file_can_be_the_lines_go_to_stderr(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-c", WRITE, str(tmp_path / "file" / "p-0.log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stderr.splitlines()[0])["event"] == "thing.done"


TO_STDERR = """
import sys
from common.logs import configure_logging, get_logger
configure_logging("INFO", sys.argv[1])
get_logger("ours").info("thing.done")
"""


@pytest.mark.parametrize("fmt", ["auto", "json"])
def test_what_is_no_terminal_gets_json(fmt: str) -> None:
    command = [sys.executable, "-c", TO_STDERR, fmt]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stderr)["event"] == "thing.done"


def test_a_terminal_gets_text_and_a_pipe_never_colours() -> None:
    ours, theirs = os.openpty()
    subprocess.run([sys.executable, "-c", TO_STDERR, "auto"], stderr=theirs, timeout=30, check=True)
    assert b"\x1b[" in (shown := os.read(ours, 10_000))
    assert b"thing.done" in shown
    os.close(ours)
    os.close(theirs)
    piped = subprocess.run(
        [sys.executable, "-c", TO_STDERR, "console"], capture_output=True, text=True, timeout=30, check=True
    )
    assert "thing.done" in piped.stderr
    assert "\x1b" not in piped.stderr


TWICE = """
from structlog.testing import capture_logs
from common.logs import configure_logging, get_logger
configure_logging("INFO", "json")
log = get_logger("ours")
log.info("thing.done")
configure_logging("WARNING", "json")
with capture_logs() as lines:
    log.warning("thing.odd")
print([line["event"] for line in lines])
"""


def test_a_logger_that_was_used_before_hears_of_a_second_configuration() -> None:
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "['thing.odd']\n"
