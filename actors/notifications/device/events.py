"""What happens to a device's token."""

from actors.kernel.contract.entity import Event


class DeviceClaimed(Event, frozen=True, kw_only=True, array_like=True, tag="claimed"):
    """It is `user`'s from now on, and was `former`'s ("": nobody's)."""

    user: str
    former: str = ""


DeviceEvent = DeviceClaimed
