"""A notifier by hand, over storage in memory: what is told, what is owed, and time that passes."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.activities import Activity, Answered, Still
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import StoredActivity, decode_effects
from actors.notifications.activities import Pushed, Sending, WebPushAddress
from actors.notifications.notifier.commands import NotifierCommand, Tell
from actors.notifications.notifier.device_commands import RegisterDevice
from actors.notifications.notifier.kind import NotifierKind
from actors.notifications.notifier.rules.facts import Installation
from config.capabilities.notifications import NotificationSettings
from tests.unit.rooms.harness import START_MS, World, run

ANN: Final = Principal("ann")
ID: Final = "notifier:ann"
SECOND_MS: Final = 1000
HOUSE: Final = Installation(NotificationSettings())
ADDRESS: Final = msgspec.msgpack.encode(
    WebPushAddress(endpoint="https://push.example/1", p256dh=b"\4" * 65, auth=b"a" * 16)
)
_sending: Final = msgspec.msgpack.Decoder(Sending).decode


class Told:
    """The notifier of Ann. Every command takes a second, as the world's turns do."""

    def __init__(self, house: Installation = HOUSE, *, now_ms: int = START_MS) -> None:
        self.world = World(NotifierKind(house), now_ms=now_ms)
        self.timers: list[tuple[int, bytes]] = []
        self._turns = 0
        self._seen = 0

    @property
    def now_ms(self) -> int:
        return self.world.now_ms

    def ask(self, command: NotifierCommand, by: Principal = ANN) -> Any:
        """The answer; timers that it set are kept. Raises what it was refused with."""
        try:
            return self.world.ask(ID, command, by)
        finally:
            self._collect()

    def tell(self, name: str = "announcement", **members: Any) -> Any:
        """The notification, or None when there was nothing to tell."""
        return self.ask(Tell(name=name, **members), SYSTEM)["notification"]

    def register(self, device: str = "phone", *, mark: str = "", **members: Any) -> Any:
        command = RegisterDevice(
            mark=mark or device, device_id=device, service="webpush", platform="web", secret=ADDRESS, **members
        )
        return self.ask(command)["device"]

    def pass_time(self, until_ms: int) -> None:
        """Fire what is due until then, each at its moment."""
        while due := sorted(one for one in self.timers if one[0] <= until_ms):
            at_ms, packed = due[0]
            self.timers.remove(due[0])
            self.world.now_ms = max(self.world.now_ms, at_ms) - SECOND_MS
            self.ask(self.world.host.decode_command(packed), SYSTEM)
        self.world.now_ms = max(self.world.now_ms, until_ms)

    def owed(self) -> list[tuple[str, Sending]]:
        """What has come to be owed since the last look: connector, and what is sent."""
        return [(one.connector, _sending(self.opened(one))) for one in self.activities()]

    def activities(self) -> list[StoredActivity]:
        """The same as they lie in the journal."""
        found = [one for turn in run(self.world.turns(ID))[self._seen :] for one in decode_effects(turn).activities]
        self._seen = len(run(self.world.turns(ID)))
        return found

    def opened(self, activity: StoredActivity) -> bytes:
        place = f"activity/{ID}|{activity.key}".encode()
        opened = self.world.stores.vault.open(activity.payload, place)
        assert opened is not None
        return opened

    def still(self, activity: StoredActivity) -> bool:
        """Does the runner send it, if it asks now?"""
        return bool(self.world.do(ID, Still(key=activity.key, payload=self.opened(activity)), SYSTEM).data)

    def answer(self, activity: StoredActivity | Activity, outcome: Any = "done", **members: Any) -> None:
        """What became of it. Done: the service took it, unless there is another `result`."""
        if outcome == "done":
            members.setdefault("result", msgspec.msgpack.encode(Pushed(id="1")))
        self.world.do(ID, Answered(key=activity.key, outcome=outcome, attempts=1, **members), SYSTEM)
        self._collect()

    def _collect(self) -> None:
        turns = run(self.world.turns(ID))
        for turn in turns[self._turns :]:
            self.timers += [(one.due_ms, one.command) for one in decode_effects(turn).timers]
        self._turns = len(turns)
