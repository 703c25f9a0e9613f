"""Does the storage answer, and the scanner?"""

import asyncio
import contextlib
from typing import Final

from common.errors import CarewireError
from config.files import FilesSettings
from serve_app.capabilities.files.looking.clamd import Clamd, ClamdError
from serve_app.capabilities.files.metrics import FilesMetrics, counted_files
from serve_app.processes.health import Finding
from store.mongo.client import Database
from store.ports.blobs import Blobs

_NO_BLOB: Final = "file_health"


class FilesHealth:
    """The part `files` of `/health`; and the gauge, set whenever somebody looks."""

    def __init__(self, blobs: Blobs, settings: FilesSettings, database: Database, metrics: FilesMetrics) -> None:
        self._blobs, self._settings = blobs, settings
        self._database, self._metrics = database, metrics

    async def look(self) -> Finding:
        """Degraded where a scanner should be and is not, down where the storage does not answer."""
        storage, scanner, _ = await asyncio.gather(self._storage(), self._scanner(), self._count())
        wanted = self._settings.scan == "required" or (
            self._settings.scan == "best_effort" and self._settings.clamd is not None
        )
        details = {"storage": self._settings.storage, "scan": self._settings.scan, "scanner": scanner}
        if not storage:
            return Finding("down", details)
        return Finding("degraded" if wanted and scanner != "ok" else "ok", details)

    async def _storage(self) -> bool:
        try:
            await self._blobs.state(_NO_BLOB)
        except CarewireError as error:
            return error.code == "not_found"
        return True

    async def _count(self) -> None:
        with contextlib.suppress(CarewireError):  # the database is away: what was counted last stands
            self._metrics.show(await counted_files(self._database))

    async def _scanner(self) -> str:
        if self._settings.clamd is None:
            return "none"
        try:
            await Clamd(self._settings.clamd).ping()
        except (OSError, ClamdError, TimeoutError):
            return "down"
        return "ok"
