"""Messages between gateways and presence shards: msgpack, one `bytes` a call, structs as arrays.

Everything is a state, not a difference: "these are the devices of this user here". So a repeat does no harm, and what
was lost is made good by saying what is true now. `life` counts how often a gateway had to begin anew: words of an
earlier life that arrive late are void.
"""

from typing import Final

import msgspec

from actors.presence.state import State


class OpenPresence(msgspec.Struct, array_like=True, frozen=True):
    """A gateway begins (anew). What it has to say follows in reports."""

    gateway: str
    life: int


class UserDevices(msgspec.Struct, array_like=True, frozen=True):
    """The devices of a user at this gateway; none: the last one left so many ms ago (clocks differ)."""

    user: str
    devices: tuple[str, ...]
    left_ago_ms: int = 0


class Choice(msgspec.Struct, array_like=True, frozen=True):
    """The status that a user chose. `again`: a shard took it before."""

    user: str
    status: str
    at_ms: int
    again: bool = False


class PresenceReport(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The changes at a gateway. Numbered from 1 in each life; repeated under its number until it was taken.

    `bye`: the gateway ends, and nothing follows.
    """

    gateway: str
    life: int
    number: int
    seats: list[UserDevices] = []
    choices: list[Choice] = []
    watch: list[str] = []
    unwatch: list[str] = []
    bye: bool = False


class ReportAck(msgspec.Struct, array_like=True, frozen=True):
    """Taken; or `known` False: the shard does not know this life of the gateway, which must open a new one."""

    known: bool


class FetchPresence(msgspec.Struct, array_like=True, frozen=True):
    """Give me news. `acked` is the number of the last result that arrived."""

    gateway: str
    life: int
    acked: int


class PresenceResult(msgspec.Struct, array_like=True, frozen=True):
    """States of watched users, each as it is now."""

    known: bool
    number: int
    states: list[State]


encode: Final = msgspec.msgpack.Encoder().encode
decode_open: Final = msgspec.msgpack.Decoder(OpenPresence).decode
decode_report: Final = msgspec.msgpack.Decoder(PresenceReport).decode
decode_ack: Final = msgspec.msgpack.Decoder(ReportAck).decode
decode_fetch: Final = msgspec.msgpack.Decoder(FetchPresence).decode
decode_result: Final = msgspec.msgpack.Decoder(PresenceResult).decode
