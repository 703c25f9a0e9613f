"""One Carewire per data directory."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from common.errors import StartupError
from serve_app.launch.runfile import RunFile, Running


def test_a_second_claim_says_what_runs(tmp_path: Path) -> None:
    with RunFile(tmp_path).claim() as first:
        first.write(Running(1234, {"REST API": "http://127.0.0.1:8000"}, ready=True))
        with pytest.raises(StartupError, match=r"already running here \(pid 1234\): REST API http://127.0.0.1:8000"):
            RunFile(tmp_path).claim()
        assert RunFile(tmp_path).running() == Running(1234, {"REST API": "http://127.0.0.1:8000"}, ready=True)


def test_nothing_runs_after_the_first_has_left(tmp_path: Path) -> None:
    with RunFile(tmp_path).claim() as first:
        first.write(Running(1234))
    assert RunFile(tmp_path).running() is None
    with RunFile(tmp_path).claim() as second:
        assert second.left_behind is None


def test_nothing_runs_where_nothing_ever_ran(tmp_path: Path) -> None:
    assert RunFile(tmp_path).running() is None


def test_a_run_that_was_killed_keeps_nobody_out_and_leaves_word(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(target=_claim_and_wait, args=(tmp_path, theirs))
    holder.start()
    assert ours.poll(30), "the other process did not claim the directory"
    with pytest.raises(StartupError):
        RunFile(tmp_path).claim()
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    assert RunFile(tmp_path).running() is None
    with RunFile(tmp_path).claim() as next_run:
        assert next_run.left_behind == Running(holder.pid, scratch="/tmp/cw-x")


def _claim_and_wait(data_dir: Path, connection: Connection) -> None:
    run_file = RunFile(data_dir).claim()
    run_file.write(Running(os.getpid(), scratch="/tmp/cw-x"))
    connection.send("claimed")
    signal.pause()
