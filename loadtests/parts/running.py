"""How a benchmark of one part is run."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from common.logs import configure_logging


@contextmanager
def benchmark() -> Iterator[tuple[asyncio.Runner, Path]]:
    """The loop that the gateway runs on, too, and a directory for what is stored meanwhile. Of logs, warnings."""
    configure_logging("WARNING", "console")
    directory = Path(tempfile.mkdtemp(prefix="cwb-"))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield runner, directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
