"""What the README shows works as written, but for the port."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.loading import variables
from serve_app.cli.main import main
from tests.system.harness import System

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def snippet(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def run(system: System, user: str, *command: str, source: str) -> str:
    env = {**system.env, "TOKEN": system.token(user)}
    source = source.replace("http://127.0.0.1:8001", system.gateway_url)
    done = subprocess.run(
        command,
        input=source,
        env=env,
        cwd=ROOT / "tests" / "js",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_first_hello_is_heard_from_python_and_from_javascript(system: System) -> None:
    said = run(system, "alice", sys.executable, "-", source=snippet("python"))
    assert "'ok': True" in said
    assert "alice Hello from Python" in said
    assert "duplicate" not in said
    again = run(system, "alice", sys.executable, "-", source=snippet("python"))
    assert "'duplicate': True" in again
    said = run(system, "bob", "node", "--input-type=module", "-", source=snippet("js"))
    assert re.search(r"before: \d+ Hello from Python", said)
    assert re.search(r"\d+ bob Hello from JavaScript", said)
    assert "ok: true" in said


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"CAREWIRE_[A-Z_]+[A-Z]", README))
    assert named <= set(variables()), named - set(variables())


def test_every_command_that_is_named_exists() -> None:
    for command in set(re.findall(r"`carewire ([a-z-]+)", README)):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])


def test_every_file_that_is_linked_is_there() -> None:
    for name in re.findall(r"\]\(([A-Za-z.]+)\)", README) + re.findall(r"`(deploy/[a-z.]+)`", README):
        assert (ROOT / name).is_file(), name
