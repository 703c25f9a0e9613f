"""The `carewire` command: reads the arguments, and hands over to one module of `serve_app.cli`.

Each command imports what it needs when it runs: `carewire token` must not wait for Ray. This module imports next to
nothing: what is imported before `main` runs answers Ctrl-C with a traceback.
"""

import sys

TYPE_CHECKING = False  # as in `typing`, which takes as long to import as all that precedes `main`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

_COMMANDS = (
    "up",
    "down",
    "status",
    "scale",
    "media",
    "activities",
    "token",
    "settings",
    "rebuild-projections",
    "react",
    "audit",
    "ledger",
    "files",
    "push",
    "search",
    "train",
)
_UPKEEP = ("rebuild-projections", "react", "audit", "ledger", "files")
_FAILED = 2
_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command. The exit code: 0 done, 1 nothing to talk to, 2 wrong use, settings or machine, 130 Ctrl-C.

    Whatever ends it is told in one line. The trace of what should not happen is kept in a file that the line names.
    """
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except BrokenPipeError:
        return 1
    except (KeyboardInterrupt, Exception) as error:  # the last one who can explain it  # noqa: BLE001
        return _explain(error)


def _run(arguments: "Sequence[str]") -> int:
    from importlib import import_module

    options = _parser().parse_args(arguments)
    return int(import_module(_module(options.command)).run(options))


def _explain(error: BaseException) -> int:
    if any(isinstance(cause, KeyboardInterrupt) for cause in _chain(error)):  # also where an import has wrapped it
        return _interrupted()
    from common.errors import CarewireError, StartupError

    if isinstance(error, StartupError):
        return _say(str(error))
    if isinstance(error, CarewireError):
        return _say(error.message)
    if isinstance(error, OSError):
        return _say(_of_the_system(error))
    return _say(f"{type(error).__name__}: {' '.join(str(error).split())[:300]} (a fault of Carewire; {_keep(error)})")


def _interrupted() -> int:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the next one would meet the interpreter's own end
    _say("interrupted.")
    return _INTERRUPTED


def _say(line: str) -> int:
    print(f"carewire: {line}", file=sys.stderr)  # noqa: T201
    return _FAILED


def _chain(error: BaseException | None) -> "Iterator[BaseException]":
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_the_system(error: OSError) -> str:
    """One line for what the machine refuses: a full disk, a folder that may not be written, too many open files."""
    import errno

    remedy = {
        errno.ENOSPC: "free some space, or set CAREWIRE_DATA_DIR to another disk",
        errno.EDQUOT: "free some space, or set CAREWIRE_DATA_DIR to another disk",
        errno.EROFS: "set CAREWIRE_DATA_DIR to a place that can be written",
        errno.EACCES: "correct its owner, or set CAREWIRE_DATA_DIR",
        errno.EPERM: "correct its owner, or set CAREWIRE_DATA_DIR",
        errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
        errno.ENFILE: "raise the limit of open files of this machine",
        errno.ENOMEM: "free some memory",
        errno.EAGAIN: "raise the limit of processes (`ulimit -u`)",
    }.get(error.errno or 0, _keep(error))
    what = f"{error.filename}: " if error.filename is not None else ""
    return f"{what}{error.strerror or str(error) or type(error).__name__}: {remedy}."


def _keep(error: BaseException) -> str:
    """Keep the trace in a file of its own; answers where it is (without any, above this line)."""
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="carewire-trace-", suffix=".txt", delete=False) as file:
            file.write(trace)
    except OSError:
        sys.stderr.write(trace)
        return "the trace stands above"
    return f"{file.name} has the trace"


def _parser() -> "argparse.ArgumentParser":
    import argparse
    from importlib import import_module
    from importlib.metadata import version

    parser = argparse.ArgumentParser(prog="carewire", description="The realtime backend of a care platform.")
    parser.add_argument("--version", action="version", version=f"carewire {version('carewire')}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name in _COMMANDS:
        module = import_module(_module(name))
        module.configure(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


def _module(command: str) -> str:
    folder = "upkeep." if command in _UPKEEP else ""
    return f"serve_app.cli.{folder}{command.replace('-', '_')}"


if __name__ == "__main__":
    sys.exit(main())
