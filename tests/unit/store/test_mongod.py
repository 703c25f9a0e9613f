import fcntl
import os
import re
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from common.errors import StartupError
from config.settings import MongoSettings
from store.embedded.mongod import check_free, check_mongod, command_line, find_mongod, why_it_stopped

NO_LIBRARY = "echo '{}: cannot open shared object file' >&2; exit 127"


def a_program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


def test_the_binary_of_the_settings_comes_first_then_the_path_then_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, on_path = a_program(tmp_path / "named", "true"), a_program(tmp_path / "mongod", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod(str(named)) == named
    assert find_mongod(None) == on_path
    on_path.unlink()
    assert find_mongod(None).parts[-4:] == ("fiftyone", "db", "bin", "mongod")
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__BINARY"):
        find_mongod(str(tmp_path / "nowhere"))


def test_a_machine_without_any_mongod_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__URL"):
        find_mongod(None)


def test_a_binary_without_its_run_bit_gets_it(tmp_path: Path) -> None:
    path = a_program(tmp_path / "mongod", "echo 'db version v6.0.5'", mode=0o644)
    check_mongod(path)
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (
            "echo 'libcurl.so.4: cannot open shared object file' >&2; exit 127",
            r"needs the library libcurl.so.4; .*libcurl4",
        ),
        (
            "echo 'libodd.so: cannot open shared object file' >&2; exit 127",
            r"needs the library libodd.so; install it, or",
        ),
        ("kill -ILL $$", "AVX"),
        ("exit 3", r"does not run \(exit code 3\)"),
        ("echo 'db version v5.0.31'", r"is MongoDB 5.0; install 6.0"),
    ],
)
def test_a_mongod_that_cannot_run_here_is_explained_in_one_line(tmp_path: Path, program: str, says: str) -> None:
    with pytest.raises(StartupError, match=says) as caught:
        check_mongod(a_program(tmp_path / "mongod", program))
    assert "\n" not in str(caught.value)
    assert "CAREWIRE_MONGO__URL" in str(caught.value)


def test_a_file_that_is_no_program_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "mongod"
    path.write_bytes(b"\x7fnothing")
    with pytest.raises(StartupError, match="cannot be run"):
        check_mongod(path)


@pytest.mark.allows("sockets", reason="whether the port is free is what is asked")
def test_a_stale_lock_file_is_no_obstacle_and_a_port_in_use_is(tmp_path: Path) -> None:
    (tmp_path / "mongod.lock").write_text("12345\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"Port {port} is in use"):
            check_free(tmp_path, port)
    check_free(tmp_path, port)


@pytest.mark.allows("sockets", reason="whether the port is free is what is asked")
@pytest.mark.allows("threads", "sleeps", reason="the lock is let go of while it is waited for")
def test_the_lock_of_one_that_has_been_killed_is_waited_for(tmp_path: Path) -> None:
    """Its leader is a zombie while its last threads end, and they hold the lock."""
    killed = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.DEVNULL)
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    lock = tmp_path / "mongod.lock"
    lock.write_text(f"{killed.pid}\n")
    with lock.open() as held, socket.socket() as probe:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.2, fcntl.flock, (held, fcntl.LOCK_UN)).start()
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        check_free(tmp_path, port)
    killed.wait()


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    line = command_line(Path("/bin/mongod"), MongoSettings(port=4711, cache_gb=0.5), tmp_path, tmp_path / "log")
    arguments = dict(pairwise(line))
    assert arguments["--bind_ip"] == "127.0.0.1"
    assert arguments["--port"] == "4711"
    assert arguments["--wiredTigerCacheSizeGB"] == "0.5"
    assert "--nounixsocket" in line


@pytest.mark.parametrize(
    ("code", "logged", "says"),
    [
        (48, "", "CAREWIRE_MONGO__PORT"),
        (62, "", "another version of MongoDB"),
        (100, '{"s":"E","msg":"terminating","attr":{"error":"DBPathInUse: Unable to lock"}}', "Another mongod uses"),
        (
            14,
            'noise\n{"s":"I","msg":"fine"}\n{"s":"F","msg":"Fatal assertion","attr":{"msgid":1}}',
            "14.: Fatal assertion",
        ),
        (-9, "", r"exit code -9\)\. Its log"),
    ],
)
def test_the_exit_is_explained_from_its_code_and_its_log(tmp_path: Path, code: int, logged: str, says: str) -> None:
    log = tmp_path / "mongod.log"
    log.write_text('{"s":"F","msg":"of an earlier run"}\n' + logged)
    start = len('{"s":"F","msg":"of an earlier run"}\n')
    assert re.search(says, why_it_stopped(code, MongoSettings(), tmp_path, log, start, free_bytes=1 << 30))


def test_on_a_full_disk_it_could_log_nothing_and_the_disk_is_named(tmp_path: Path) -> None:
    said = why_it_stopped(1, MongoSettings(), tmp_path, tmp_path / "mongod.log", 0, free_bytes=0)
    assert f"the disk of {tmp_path} is full" in said
