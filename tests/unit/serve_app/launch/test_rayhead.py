"""What Ray is given, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.errors import StartupError
from config.settings import Settings
from serve_app.launch.rayhead import SERVE, close_to_others, keep_logs, live_logs, make_scratch, show_logs, start


def as_ray_makes_it(scratch: Path) -> None:
    """A session with a line of log; Ray lets everybody into the folders that it makes."""
    session = live_logs(scratch).parent.with_name("session_1")
    (session / "logs" / "carewire").mkdir(parents=True)
    (session / "logs" / "carewire" / "api-0.log").write_text("{}\n")
    (session / "sockets").mkdir()
    live_logs(scratch).parent.symlink_to(session)
    for folder in (session.parent, session, session / "logs", session / "sockets"):
        folder.chmod(0o777)


def test_nobody_else_enters_the_scratch_directory_nor_what_ray_makes_in_it(tmp_path: Path) -> None:
    scratch = make_scratch()
    assert scratch.stat().st_mode & 0o777 == 0o700
    as_ray_makes_it(scratch)
    assert scratch.stat().st_mode & 0o777 == 0o700
    close_to_others(scratch)
    folders = [path for path in scratch.rglob("*") if path.is_dir()]
    assert len(folders) > 4
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    keep_logs(scratch, tmp_path / "logs")
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert not scratch.exists()


def test_a_long_temporary_directory_is_not_used_for_sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Linux takes 107 bytes of path for one; in UTF-8 a letter may have several."""
    long = tmp_path / ("ü" * 20)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    scratch = make_scratch()
    assert scratch.parent == Path("/tmp")
    keep_logs(scratch, tmp_path / "logs")


def test_the_logs_of_the_life_before_stay(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for _ in range(3):
        scratch = make_scratch()
        as_ray_makes_it(scratch)
        show_logs(scratch, logs)
        assert (logs / "carewire" / "api-0.log").exists()
        keep_logs(scratch, logs)
    assert (logs / "carewire" / "api-0.log").exists()
    assert (tmp_path / "logs.previous" / "carewire" / "api-0.log").exists()


def test_serve_keeps_no_line_of_log_back() -> None:
    """Read by Serve itself, in a process that has the environment that we give it."""
    code = (
        "import ray.serve._private.constants as c; "
        "print(c.RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE, c.RAY_SERVE_LOG_TO_STDERR, c.RAY_SERVE_ENABLE_DIRECT_INGRESS, "
        "c.RAY_SERVE_USE_GRPC_BY_DEFAULT, c.RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD, "
        "c.RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP, c.RAY_SERVE_FREEZE_GC_ON_STARTUP)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | SERVE
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False", "False", "True", "False", "False", "True"]


@pytest.mark.parametrize("kind", [Exception, RuntimeError, ConnectionError])
def test_a_ray_that_does_not_start_is_told_in_one_line(
    kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: object) -> None:
        raise kind("The current node timed out during startup.\nMore of it.")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    with pytest.raises(StartupError, match=r"Ray cannot be used: The current node timed out during startup\.$"):
        start(Settings(_env_file=None), tmp_path)  # type: ignore[call-arg] # pydantic-settings adds it
