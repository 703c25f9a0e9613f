"""What notifiers hold of one person: handed out, or ended."""

from collections.abc import AsyncIterator

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.notifications.notifier.answers import WireNotification
from actors.notifications.notifier.commands import Erase, GetPreferences, ListNotifications
from actors.notifications.notifier.device_commands import ListDevices
from serve_app.capabilities.capability import Section
from serve_app.capabilities.notifications.operations import below_of
from serve_app.capabilities.notifications.service import Notifications

_PAGE = 200


class PersonalNotifications:
    """One a replica of the API."""

    def __init__(self, service: Notifications) -> None:
        self._service = service

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        preferences = await self._service.ask(who.user, GetPreferences(), by=who, trace=trace)
        devices = await self._service.ask(who.user, ListDevices(), by=who, trace=trace)
        yield "notification_preferences", preferences
        yield "push_devices", devices.devices
        yield "notifications", self._notifications(who, trace)

    async def erase(self, user: str) -> None:
        """Tell them nothing any more: what is held is dropped, devices and preferences are forgotten. The words are
        sealed under the person's key. Idempotent."""
        await self._service.ask(user, Erase(), by=SYSTEM)

    async def _notifications(self, by: Principal, trace: str) -> AsyncIterator[WireNotification]:
        for archived in (False, True):
            below = 0
            while True:
                command = ListNotifications(archived=archived, below=below, limit=_PAGE)
                page = await self._service.ask(by.user, command, by=by, trace=trace)
                for one in page.notifications:
                    yield one
                if not isinstance(page.next_cursor, str):
                    break
                below = below_of(page.next_cursor)
