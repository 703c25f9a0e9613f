"""What the README shows works as written, but for the port."""

import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.system.harness import System

ROOT = Path(__file__).parents[3]
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


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    """A Python that has nothing but what the README says to install."""
    (asked,) = re.findall(r'`pip (install "[^`]+")`', README)
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    options = ("--disable-pip-version-check", "--quiet", "--retries", "0", "--timeout", "10")
    done = subprocess.run(
        [python, "-m", "pip", *shlex.split(asked), *options], capture_output=True, text=True, timeout=90, check=False
    )
    if done.returncode and re.search("Could not find a version|No matching distribution|connection", done.stderr):
        pytest.skip("no package index is reached, so nothing can be installed into a fresh environment")
    assert done.returncode == 0, done.stderr
    return str(python)


def test_the_first_hello_runs_anywhere_with_what_the_readme_installs(system: System, elsewhere: str) -> None:
    assert "'ok': True" in run(system, "anna", elsewhere, "-", source=snippet("python").replace("hello-1", "hello-2"))
