"""`carewire up`: everything, in the foreground."""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from serve_app.runfile import RunFile

HELP = "Start everything in the foreground; Ctrl-C stops it."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.options import add_data_dir

    parser.add_argument("--port", type=int, help="of the REST API (CAREWIRE_HTTP__PORT)")
    parser.add_argument("--gateway-port", type=int, help="of the Socket.IO gateway (CAREWIRE_GATEWAY__PORT)")
    parser.add_argument("--dashboard-port", type=int, help="of the Ray dashboard (CAREWIRE_RAY__DASHBOARD_PORT)")
    parser.add_argument("--mongo-port", type=int, help="of the embedded MongoDB (CAREWIRE_MONGO__PORT)")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Check the machine, then start. Returns when everything has stopped."""
    from serve_app.cli.options import settings_of
    from serve_app.preflight import check_data_dir, check_machine
    from serve_app.runfile import RunFile

    settings = settings_of(
        options,
        http={"port": options.port},
        gateway={"port": options.gateway_port},
        ray={"dashboard_port": options.dashboard_port},
        mongo={"port": options.mongo_port},
    )
    settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
    check_data_dir(settings.data_dir)
    with RunFile(settings.data_dir).claim() as run_file:
        _clear_left_behind(run_file, settings.data_dir / "logs")
        check_machine(settings)
        _supervise(complete(settings), run_file)
    return 0


def complete(settings: "Settings") -> "Settings":
    """The settings with every secret in them that is made on first use: what the other processes are handed.

    Raises:
        StartupError: a secret cannot be read, or is not one.
    """
    from pydantic import SecretStr

    from serve_app.secrets import auth_secret
    from store.masterkeys import FILE_NAME, load_master_keys

    load_master_keys(settings.encryption, settings.data_dir)
    if settings.encryption.master_keys is None:
        keys = SecretStr((settings.data_dir / FILE_NAME).read_text())
        settings = settings.model_copy(
            update={"encryption": settings.encryption.model_copy(update={"master_keys": keys})}
        )
    if settings.auth.secret is None and (secret := auth_secret(settings)) is not None:
        auth = settings.auth.model_copy(update={"secret": SecretStr(secret)})
        settings = settings.model_copy(update={"auth": auth})
        _say(f"Warning: tokens are signed with a secret made for development, {settings.data_dir / 'auth.secret'}.")
    return settings


def _supervise(settings: "Settings", run_file: "RunFile") -> None:
    from config.logs import configure_logging
    from serve_app.supervisor import Supervisor

    # The terminal shows what the operator must know; what every process does is in the logs.
    configure_logging("WARNING" if settings.log.level == "INFO" else settings.log.level, settings.log.format)
    began = time.monotonic()
    asyncio.run(Supervisor(settings, run_file, _say).run())
    _say(f"Stopped after {time.monotonic() - began:.0f} s.")


def _clear_left_behind(run_file: "RunFile", logs: Path) -> None:
    """A run that was killed could not tidy up after itself."""
    from serve_app.rayhead import keep_logs

    if run_file.left_behind is not None and run_file.left_behind.scratch:
        keep_logs(Path(run_file.left_behind.scratch), logs)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
