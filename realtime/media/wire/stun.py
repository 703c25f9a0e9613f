"""Connectivity checks of ICE (RFC 8445), as the lite side of it: requests are answered, none is made."""

import struct
from typing import NamedTuple

from realtime.media.parts import aioice_stun as stun


class BindingRequest(NamedTuple):
    """A binding request, not yet believed."""

    message: stun.Message
    local_ufrag: str
    nominated: bool

    def signed_with(self, password: str) -> bool:
        """Whether its sender knows `password`."""
        return self.message.check_message_integrity(password.encode())


def parsed(datagram: bytes) -> BindingRequest:
    """Raises ValueError if `datagram` is not a binding request of ICE."""
    try:
        message = stun.parse_message(datagram)
    except struct.error as exc:
        raise ValueError("cut short") from exc
    if message.message_method != stun.Method.BINDING or message.message_class != stun.Class.REQUEST:
        raise ValueError("not a binding request")
    local, separator, _remote = str(message.attributes.get("USERNAME", "")).partition(":")
    if not separator:
        raise ValueError("no user name of ICE")
    return BindingRequest(message, local, "USE-CANDIDATE" in message.attributes)


def success(check: BindingRequest, seen_as: tuple[str, int], password: str) -> bytes:
    """The answer to a check that was signed with `password`, and came from `seen_as`."""
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, check.message.transaction_id)
    answer.attributes["XOR-MAPPED-ADDRESS"] = seen_as
    answer.add_message_integrity(password.encode())
    return bytes(answer)
