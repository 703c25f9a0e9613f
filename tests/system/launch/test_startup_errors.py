"""What goes wrong at the start is one line that says what to do, exit code 2, no traceback, and nothing is left."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.harness import carewire, environment, processes_of

Case = tuple[str, Callable[[dict[str, str], Path], None], str]


def a_port_is_taken(name: str) -> Callable[[dict[str, str], Path], None]:
    def prepare(env: dict[str, str], _: Path) -> None:
        server = socket.create_server(("127.0.0.1", int(env[name])))
        _listeners.append(server)

    return prepare


def a_variable(name: str, value: str) -> Callable[[dict[str, str], Path], None]:
    def prepare(env: dict[str, str], _: Path) -> None:
        env[name] = value

    return prepare


def no_mongod(env: dict[str, str], directory: Path) -> None:
    """A Python that does not find the bundled one, and a PATH without any."""
    (directory / "fiftyone").mkdir()
    (directory / "fiftyone" / "__init__.py").write_text("")
    env["PYTHONPATH"] = str(directory)
    env["PATH"] = str(directory)


def a_file_in_the_way(env: dict[str, str], directory: Path) -> None:
    (directory / "file").write_text("")
    env["CAREWIRE_DATA_DIR"] = str(directory / "file")


def a_broken_master_key(env: dict[str, str], _: Path) -> None:
    env["CAREWIRE_ENCRYPTION__MASTER_KEYS"] = "k1:not-base64"


def a_full_disk(_: dict[str, str], directory: Path) -> None:
    """What is written first meets a device that has no space left."""
    (directory / "data").mkdir()
    (directory / "data" / "run.new").symlink_to("/dev/full")


def a_folder_in_the_way(_: dict[str, str], directory: Path) -> None:
    (directory / "data" / "run.lock").mkdir(parents=True)


def a_broken_installation(env: dict[str, str], directory: Path) -> None:
    (directory / "psutil.py").write_text("raise LookupError('not\\nfound')")
    env["PYTHONPATH"] = str(directory)
    env["TMPDIR"] = str(directory)


_listeners: list[socket.socket] = []

CASES: list[Case] = [
    ("the REST port is taken", a_port_is_taken("CAREWIRE_HTTP__PORT"), "set CAREWIRE_HTTP__PORT"),
    ("the gateway port is taken", a_port_is_taken("CAREWIRE_GATEWAY__PORT"), "set CAREWIRE_GATEWAY__PORT"),
    ("the dashboard port is taken", a_port_is_taken("CAREWIRE_RAY__DASHBOARD_PORT"), "CAREWIRE_RAY__DASHBOARD_PORT"),
    ("the MongoDB port is taken", a_port_is_taken("CAREWIRE_MONGO__PORT"), "set CAREWIRE_MONGO__PORT"),
    ("two ports are the same", a_variable("CAREWIRE_HTTP__PORT", "8001"), "both 8001"),
    ("memory is short", a_variable("CAREWIRE_MIN_FREE_MEMORY_MB", "99999999"), "CAREWIRE_MIN_FREE_MEMORY_MB"),
    ("there is no mongod", no_mongod, "CAREWIRE_MONGO__BINARY"),
    ("the mongod named is not there", a_variable("CAREWIRE_MONGO__BINARY", "/nowhere/mongod"), "/nowhere/mongod"),
    ("the MongoDB named is no URL", a_variable("CAREWIRE_MONGO__URL", "postgres://db/"), "CAREWIRE_MONGO__URL"),
    (
        "the MongoDB named does not answer",
        a_variable("CAREWIRE_MONGO__URL", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500"),
        "CAREWIRE_MONGO__URL",
    ),
    ("a setting has a wrong type", a_variable("CAREWIRE_HTTP__PORT", "http"), "CAREWIRE_HTTP__PORT: Input should be"),
    ("a setting is unknown", a_variable("CAREWIRE_GATEWAY__PROT", "1"), "did you mean CAREWIRE_GATEWAY__PORT?"),
    ("a section is unknown", a_variable("CAREWIRE_HTP__PORT", "1"), "did you mean CAREWIRE_HTTP__PORT?"),
    ("settings contradict", a_variable("CAREWIRE_KERNEL__LEASE_S", "3"), "kernel.lease_renewal_s"),
    ("an address is not ours", a_variable("CAREWIRE_HTTP__HOST", "203.0.113.9"), "CAREWIRE_HTTP__HOST"),
    ("the data directory cannot be", a_file_in_the_way, "CAREWIRE_DATA_DIR"),
    ("a master key is malformed", a_broken_master_key, "CAREWIRE_ENCRYPTION__MASTER_KEYS"),
    ("a secret is short", a_variable("CAREWIRE_AUTH__SECRET", "short"), "CAREWIRE_AUTH__SECRET: has 5 bytes"),
    ("a secret is empty", a_variable("CAREWIRE_AUTH__SECRET", ""), "CAREWIRE_AUTH__SECRET: is empty"),
    ("keys come by FTP", a_variable("CAREWIRE_AUTH__JWKS_URL", "ftp://x"), "CAREWIRE_AUTH__JWKS_URL"),
    ("MongoDB refuses the name", a_variable("CAREWIRE_MONGO__DATABASE", "a.b"), "CAREWIRE_MONGO__DATABASE"),
    ("a time has no end", a_variable("CAREWIRE_GATEWAY__PING_INTERVAL_S", "inf"), "CAREWIRE_GATEWAY__PING_INTERVAL_S"),
    ("disk is short", a_variable("CAREWIRE_MIN_FREE_DISK_MB", "999999999"), "CAREWIRE_MIN_FREE_DISK_MB"),
    ("the disk is full", a_full_disk, "free some space"),
    ("a folder is in the way of a file", a_folder_in_the_way, "run.lock"),
    ("a library is broken", a_broken_installation, "LookupError: not found"),
    ("there is no Ray cluster", a_variable("CAREWIRE_RAY__ADDRESS", "127.0.0.1:1"), "127.0.0.1:1"),
]


@pytest.mark.parametrize(("_what", "prepare", "said"), CASES, ids=[case[0] for case in CASES])
def test_a_failed_start_is_one_line_that_says_what_to_do(
    _what: str, prepare: Callable[[dict[str, str], Path], None], said: str, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    env = environment(data_dir)
    if "both" in said:
        env["CAREWIRE_GATEWAY__PORT"] = "8001"
    prepare(env, tmp_path)
    try:
        done = carewire("up", env=env, cwd=tmp_path, timeout_s=60)
    finally:
        while _listeners:
            _listeners.pop().close()
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("carewire: ")
    assert said in lines[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert processes_of(data_dir) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("token", "--user", "a b", "--role", "client"), "ids"),
        (("token", "--user", "alice", "--role", "king"), "role"),
        (("token", "--user", "alice", "--role", "client", "--ttl", "0"), "--ttl"),
        (("token", "--count", "0", "--role", "client"), "--count"),
        (("token", "--count", "1", "--role", "client", "--out", "/nowhere/x"), "/nowhere/x"),
        (("token", "--role", "client"), "--user"),
        (("fly",), "invalid choice"),
        (("down", "--cluster"), "CAREWIRE_RAY__ADDRESS"),
    ],
)
def test_wrong_use_of_a_command_is_exit_code_2(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = carewire(*arguments, env=environment(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_should_not_happen_leaves_its_trace_in_a_file(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    a_broken_installation(env, tmp_path)
    done = carewire("up", env=env, cwd=tmp_path)
    (trace,) = tmp_path.glob("carewire-trace-*.txt")
    assert str(trace) in done.stderr
    assert "Traceback" in trace.read_text()


INTERRUPTED = {
    "while the first module is imported": ("argparse", "os.kill(os.getpid(), signal.SIGINT)"),
    "while settings are read": ("dotenv", "os.kill(os.getpid(), signal.SIGINT)"),
    "inside a library that makes an import error of it": (
        "pydantic",
        "try: os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt: raise ImportError('no pydantic')",
    ),
}


@pytest.mark.parametrize("moment", INTERRUPTED)
def test_ctrl_c_before_anything_has_started_is_one_line(moment: str, tmp_path: Path) -> None:
    module, code = INTERRUPTED[moment]
    (tmp_path / f"{module}.py").write_text(f"import os, signal\n{code}\n")
    done = carewire("up", env=environment(tmp_path / "data") | {"PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (130, "carewire: interrupted.\n")
    assert not (tmp_path / "data").exists()
