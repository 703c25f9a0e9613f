"""What happens to it. What is stored is stored for ever: new members stand at the end, with defaults."""

from actors.emergencies.records import Distress
from actors.kernel.contract.entity import Event


class EmergencyClaimed(Event, frozen=True, kw_only=True, array_like=True, tag="claimed"):
    """This emergency is the open one."""

    emergency: str


class Cried(Event, frozen=True, kw_only=True, array_like=True, tag="cried"):
    """Carewire itself raises this emergency, or joins it. What it knows is the secret, a packed `Cry`."""

    emergency: str
    kind: Distress


class Ended(Event, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """None is open any more."""


DistressEvent = EmergencyClaimed | Cried | Ended
