"""`carewire up`: everything, in the foreground."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from serve_app.launch.runfile import RunFile

HELP = "Start everything in the foreground; Ctrl-C stops it."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("--port", type=int, help="of the REST API (CAREWIRE_HTTP__PORT)")
    parser.add_argument("--gateway-port", type=int, help="of the Socket.IO gateway (CAREWIRE_GATEWAY__PORT)")
    parser.add_argument("--dashboard-port", type=int, help="of the Ray dashboard (CAREWIRE_RAY__DASHBOARD_PORT)")
    parser.add_argument("--mongo-port", type=int, help="of the embedded MongoDB (CAREWIRE_MONGO__PORT)")
    parser.add_argument(
        "--wait",
        action="store_true",
        default=None,
        help="while others serve from the same database (CAREWIRE_KERNEL__WAIT_FOR_LEASES)",
    )
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Check the machine, then start. Returns when everything has stopped."""
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.preflight import check_data_dir, check_machine
    from serve_app.launch.runfile import RunFile
    from serve_app.launch.secrets import AUTH_FILE, complete

    settings = settings_of(
        options,
        http={"port": options.port},
        gateway={"port": options.gateway_port},
        ray={"dashboard_port": options.dashboard_port},
        mongo={"port": options.mongo_port},
        kernel={"wait_for_leases": options.wait},
    )
    settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
    os.umask(0o077)  # what is kept, and Ray's sockets, are nobody else's
    check_data_dir(settings.data_dir)
    with RunFile(settings.data_dir).claim() as run_file:
        _clear_left_behind(run_file, settings.data_dir / "logs")
        check_machine(settings)
        if settings.auth.secret is None and settings.auth.jwks_url is None:
            _say(f"Warning: tokens are signed with a secret made for development, {settings.data_dir / AUTH_FILE}.")
        _supervise(complete(settings), run_file)
    return 0


def _supervise(settings: "Settings", run_file: "RunFile") -> None:
    from common.logs import configure_logging
    from serve_app.launch.supervisor import Supervisor

    # The terminal shows what the operator must know; what every process does is in the logs.
    configure_logging("WARNING" if settings.log.level == "INFO" else settings.log.level, settings.log.format)
    began = time.monotonic()
    asyncio.run(Supervisor(settings, run_file, _say).run())
    _say(f"Stopped after {time.monotonic() - began:.0f} s.")


def _clear_left_behind(run_file: "RunFile", logs: Path) -> None:
    """A run that was killed could not tidy up after itself."""
    from serve_app.launch.rayhead import keep_logs

    if run_file.left_behind is not None and run_file.left_behind.scratch:
        keep_logs(Path(run_file.left_behind.scratch), logs)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
