"""The lines of a session description, numbered, and the refusal that names one."""

from dataclasses import dataclass, field
from typing import Final

MAX_BYTES: Final = 60 * 1024
MAX_SECTIONS: Final = 128


class OfferError(ValueError):
    """An offer that cannot be answered. `line` counts from 1; 0 where the fault is that something is missing."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Attribute:
    """`a=name:value`; `value` is empty where there is none."""

    line: int
    name: str
    value: str


@dataclass(slots=True)
class SdpBlock:
    """What stands before the first `m=` line, or one `m=` line and what belongs to it."""

    line: int
    media: str = ""
    attributes: list[Attribute] = field(default_factory=list)

    def all(self, name: str) -> list[Attribute]:
        """Every attribute of that name, in order."""
        return [each for each in self.attributes if each.name == name]

    def first(self, name: str) -> Attribute | None:
        """The first attribute of that name."""
        return next((each for each in self.attributes if each.name == name), None)


def blocks_of(sdp: str) -> tuple[SdpBlock, list[SdpBlock]]:
    """The session's block and those of its sections.

    Raises:
        OfferError: it is too long, not a session description, or has too many sections.
    """
    if len(sdp.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise OfferError(0, f"An offer has at most {MAX_BYTES} bytes.")
    session = current = SdpBlock(line=1)
    sections: list[SdpBlock] = []
    for number, line in enumerate(sdp.replace("\r\n", "\n").rstrip("\n").split("\n"), start=1):
        if number == 1 and line != "v=0":
            raise OfferError(1, "A session description begins with v=0.")
        if len(line) < 2 or line[1] != "=" or not line.isprintable():
            raise OfferError(number, "This is not a line of a session description.")
        if line[0] == "m":
            current = SdpBlock(line=number, media=line[2:])
            sections.append(current)
        elif line[0] == "a":
            name, _, value = line[2:].partition(":")
            current.attributes.append(Attribute(number, name, value.strip()))
    if len(sections) > MAX_SECTIONS:
        raise OfferError(sections[MAX_SECTIONS].line, f"An offer has at most {MAX_SECTIONS} sections.")
    return session, sections
