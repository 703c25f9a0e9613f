"""What keys hold of one person: their devices, handed out; everything ends with them."""

from collections.abc import AsyncIterator

from actors.devicekeys.commands import DropBackups, DropDevices
from actors.kernel.contract.entity import SYSTEM, Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.e2ee.service import DeviceDirectory


class PersonalKeys:
    """One a replica of the API."""

    def __init__(self, directory: DeviceDirectory) -> None:
        self._directory = directory

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`. Backups are the person's own to open, and are had at `/api/e2ee/backup`."""
        yield "devices", await self._directory.devices(who.user, trace)

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._directory.ask(user, DropDevices(), by=SYSTEM)
        await self._directory.ask(user, DropBackups(), by=SYSTEM)
