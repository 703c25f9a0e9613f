"""What a notification is about, and words of somebody's own."""

import re
from typing import Final

import msgspec

_OPENED: Final = re.compile(r"/open/[a-z][a-z_]{0,31}/[A-Za-z0-9_.:@-]{1,128}")


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """What a notification is about. Of one kind and id a later version replaces an earlier one, everywhere, and nothing
    of the earlier one is sent after it."""

    kind: str
    id: str
    version: int = 0

    @property
    def key(self) -> str:
        """What it is about, whatever the version."""
        return f"{self.kind}:{self.id}"

    @property
    def page(self) -> str:
        """The path under which apps open it; "": it is nothing that a path can name."""
        path = f"/open/{self.kind}/{self.id}"
        return path if _OPENED.fullmatch(path) else ""


class ActionWords(msgspec.Struct, frozen=True):
    """Something that can be done from a notification: an id, the words of the button, a link."""

    id: str
    title: str
    link: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Words of somebody's own: the packed `Tell.secret`. `data` is a JSON object."""

    title: str = ""
    body: str = ""
    data: bytes = b"{}"
    link: str = ""
    actions: tuple[ActionWords, ...] = ()
