"""The range of ports that processes of Carewire listen on for each other."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from common.errors import StartupError

_FORM: Final = re.compile(r"(\d{1,5})-(\d{1,5})")
_LARGEST: Final = 65_535
_FIRST_FREE: Final = 1024  # those below are the system's
_BACKLOG: Final = 128


@dataclass(frozen=True, slots=True)
class PortRange:
    """The ports from `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1

    @override
    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def beginning_at(self, offset: int) -> Iterator[int]:
        """All of them, in a circle."""
        return (self.first + (offset + step) % len(self) for step in range(len(self)))


def port_range(text: str) -> PortRange:
    """`20000-20999` as a range.

    Raises:
        ValueError: it is none.
    """
    match = _FORM.fullmatch(text.replace(" ", ""))
    if match is None or not _FIRST_FREE <= int(match[1]) <= int(match[2]) <= _LARGEST:
        raise ValueError("a range of ports is written 20000-20999, between 1024 and 65535")
    return PortRange(int(match[1]), int(match[2]))


def listen(host: str, ports: PortRange | None) -> socket.socket:
    """A socket that listens on the first free port of `ports` at this address; without them, on any free port.

    Raises:
        StartupError: none of them is free.
        OSError: it is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Each process begins elsewhere, so that those that start at once do not all try the same.
    for port in (0,) if ports is None else ports.beginning_at(os.getpid()):
        try:
            listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            listening.setblocking(False)
            return listening
    raise StartupError(f"No port of {ports} is free at {host}: widen CAREWIRE_CLUSTER__PORTS.")
