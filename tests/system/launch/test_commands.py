"""The commands that need nothing running."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from common.auth.tokens import Expected, verify
from common.clock import SystemClock
from config.settings import Settings
from serve_app.launch.secrets import complete
from tests.system.harness import CAREWIRE, SECRET, carewire, environment


def test_a_token_names_its_bearer(tmp_path: Path) -> None:
    arguments = ("token", "--user", "alice", "--role", "therapist", "--device", "d1", "--ttl", "60")
    done = carewire(*arguments, env=environment(tmp_path), cwd=tmp_path)
    now_ms = SystemClock().now_ms()
    token = verify(done.stdout.strip(), SECRET, ["HS256"], now_ms=now_ms, expected=Expected())
    assert (token.user, token.role, token.device) == ("alice", "therapist", "d1")
    assert 50_000 < token.expires_ms - now_ms <= 61_000


def test_a_token_is_made_without_anything_that_takes_long_to_load(tmp_path: Path) -> None:
    """A script makes hundreds of them: none waits for Ray, a database's driver or a web framework."""
    command = [sys.executable, "-X", "importtime", CAREWIRE, "token", "--user", "alice", "--role", "client"]
    done = subprocess.run(
        command, env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "pydantic" in loaded
    assert not loaded & {"aiohttp", "fastapi", "motor", "numpy", "pymongo", "ray", "socketio", "stripe", "torch"}


def test_a_token_is_signed_with_the_secret_that_a_start_has_made(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", AUTH__SECRET=None)
    secret = complete(Settings(data_dir=tmp_path / "data")).auth.secret
    assert secret is not None
    done = carewire("token", "--user", "a", "--role", "client", env=env, cwd=tmp_path)
    now_ms = SystemClock().now_ms()
    verify(done.stdout.strip(), secret.get_secret_value(), ["HS256"], now_ms=now_ms, expected=Expected())


@pytest.mark.parametrize(
    "command",
    [
        ("token", "--user", "a", "--role", "client"),
        ("token", "--count", "2", "--role", "client", "--out", "tokens.jsonl"),
        ("status", "--url", "http://127.0.0.1:1"),
        ("scale", "rooms", "2", "--url", "http://127.0.0.1:1"),
        ("activities", "--url", "http://127.0.0.1:1"),
        ("audit", "verify"),
        ("rebuild-projections",),
        ("react", "tell_offer", "--since", "2026-11-28"),
    ],
    ids=" ".join,
)
def test_commands_that_read_make_nothing_and_say_how_to_point_them_somewhere(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    env = environment(tmp_path / "elsewhere" / ".carewire", AUTH__SECRET=None)
    (tmp_path / "elsewhere").mkdir()
    done = carewire(*command, env=env, cwd=tmp_path / "elsewhere")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--data-dir" in done.stderr
    assert "CAREWIRE_DATA_DIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [("audit", "verify"), ("rebuild-projections",), ("react", "tell_offer", "--since", "2026-11-28")],
    ids=" ".join,
)
def test_a_database_out_of_reach_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    url = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500"
    keys = "k1:" + "A" * 43 + "="
    env = environment(tmp_path / "data", MONGO__URL=url, ENCRYPTION__MASTER_KEYS=keys)
    done = carewire(*command, env=env, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "CAREWIRE_MONGO__URL" in done.stderr


def test_no_key_is_made_for_a_database_that_is_somewhere_else(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", MONGO__URL="mongodb://127.0.0.1:1/")
    done = carewire("rebuild-projections", env=env, cwd=tmp_path)
    assert (done.returncode, "CAREWIRE_ENCRYPTION__MASTER_KEYS" in done.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


def test_many_tokens_are_written_one_a_line(tmp_path: Path) -> None:
    out = tmp_path / "tokens.jsonl"
    arguments = ("token", "--count", "1000", "--prefix", "load-", "--role", "client", "--out", str(out))
    assert carewire(*arguments, env=environment(tmp_path), cwd=tmp_path).returncode == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["user"] for row in rows] == [f"load-{n}" for n in range(1000)]
    assert len({row["token"] for row in rows}) == 1000
    assert out.stat().st_mode & 0o077 == 0  # whoever has them is all of these people


def test_settings_are_printed_with_their_source_and_without_secrets(tmp_path: Path) -> None:
    done = carewire("settings", "--describe", env=environment(tmp_path), cwd=tmp_path)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("CAREWIRE_AUTH__SECRET")]
    assert lines == [["CAREWIRE_AUTH__SECRET=********", "#", "environment"]]
    assert "# Port of the REST API" in done.stdout
    assert SECRET not in done.stdout


def test_nothing_running_is_said_so(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    status = carewire("status", env=env, cwd=tmp_path)
    assert (status.returncode, "nothing is running" in status.stderr) == (1, True)
    down = carewire("down", env=env, cwd=tmp_path)
    assert (down.returncode, "not running" in down.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [(("retry",), "say which one"), (("drop", "atv_x"), "--reason"), (("retry", "atv_x"), "nothing is running")],
    ids=["retry", "drop", "stopped"],
)
def test_activities_says_what_is_missing(command: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = carewire("activities", *command, env=environment(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
