"""What can be asked of a device's token."""

import msgspec

from actors.kernel.contract.entity import Command


class Owner(msgspec.Struct, frozen=True):
    """Whose it is, and whose it was until now ("": nobody's)."""

    user: str
    former: str = ""


class Claim(Command[Owner], frozen=True, tag="claim"):
    """It is this person's from now on. Only Carewire itself says so."""

    user: str


DeviceCommand = Claim
