"""Where tests keep what nobody reads after them: in memory, where there is such a disk with room, for a commit waits
for a real one longer than its test takes. What a test kills or fills up lies where it says itself."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_LEAST_BYTES: Final = 1_000_000_000


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Empty, and gone afterwards: for little."""
    there = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    quick = there and shutil.disk_usage(_MEMORY).free >= _LEAST_BYTES
    with TemporaryDirectory(prefix="carewire-", dir=_MEMORY if quick else None, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
