"""The `carewire` command: reads the arguments, and hands over to one module of `serve_app.cli`.

Each command imports what it needs when it runs: `carewire token` must not wait for Ray.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from config.errors import StartupError

_COMMANDS = ("up", "down", "status", "scale", "token", "settings", "rebuild-projections", "audit", "train")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. The exit code: 0 done, 1 nothing to talk to, 2 wrong use, settings or machine."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = _parser().parse_args(arguments)
    try:
        run = import_module(_module(options.command)).run
        return int(run(options))
    except StartupError as error:
        print(f"carewire: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="carewire", description="The realtime backend of a care platform.")
    parser.add_argument("--version", action="version", version=f"carewire {version('carewire')}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name in _COMMANDS:
        module = import_module(_module(name))
        module.configure(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


def _module(command: str) -> str:
    return "serve_app.cli." + command.replace("-", "_")


if __name__ == "__main__":
    sys.exit(main())
