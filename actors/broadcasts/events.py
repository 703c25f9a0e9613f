"""What happens to a broadcast. Each event holds it as it is then. What is stored is stored for ever: new members
stand at the end, with defaults."""

from actors.broadcasts.records import Broadcast
from actors.kernel.contract.entity import Event


class Announced(Event, frozen=True, kw_only=True, array_like=True, tag="announced"):
    """It was made. What is told is the secret, under the key of whoever made it."""

    broadcast: Broadcast


class WentOn(Event, frozen=True, kw_only=True, array_like=True, tag="went_on"):
    """A page was told, or it began, was paused, or resumed. With `asks`, the page `broadcast.step` is owed."""

    broadcast: Broadcast
    asks: bool = False


class BroadcastFinished(Event, frozen=True, kw_only=True, array_like=True, tag="finished"):
    """Everybody was told, or it was cancelled."""

    broadcast: Broadcast


BroadcastEvent = Announced | WentOn | BroadcastFinished
