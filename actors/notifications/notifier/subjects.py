"""What a notification is about, and words of somebody's own."""

import msgspec


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
