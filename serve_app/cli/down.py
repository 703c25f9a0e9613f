"""`carewire down`: stop what `carewire up` started, from another terminal; or take Carewire off a Ray cluster."""

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Final

HELP = "Stop the Carewire of this data directory, or (--cluster) the one deployed on a Ray cluster."

_PATIENCE_S: Final = 20.0


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("--cluster", action="store_true", help="on the Ray cluster of CAREWIRE_RAY__ADDRESS")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Stop it and wait until it has stopped."""
    from common.errors import StartupError
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.runfile import RunFile

    settings = settings_of(options)
    if options.cluster:
        from serve_app.launch.deploy import take_down

        take_down(settings)
        return 0
    run_file = RunFile(settings.data_dir)
    running = run_file.running()
    if running is None:
        sys.stdout.write(f"Carewire is not running in {settings.data_dir}.\n")
        return 0
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    while run_file.running() is not None:
        if time.monotonic() > deadline:
            raise StartupError(f"It has not stopped within {_PATIENCE_S:.0f} s: kill -9 {running.pid} ends it all.")
        time.sleep(0.1)
    sys.stdout.write("Carewire has stopped.\n")
    return 0
