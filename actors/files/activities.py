"""What the connectors `files` and `scan` are asked about a file, and what they find. Ids only: names and bytes stay
where they are."""

from typing import Final, Literal

import msgspec

from actors.files.records import Picture, Reason

FILES: Final = "files"
SCAN: Final = "scan"


class InspectFile(msgspec.Struct, frozen=True, kw_only=True, tag="look"):
    """Say what the bytes of `blob` are, and whether people may have them. A picture is made anew, for `owner`."""

    file: str
    owner: str
    blob: str
    claimed: str = ""
    extension: str = ""
    expected: str = ""


class Wipe(msgspec.Struct, frozen=True, kw_only=True, tag="wipe"):
    """These blobs are not needed any more."""

    blobs: tuple[str, ...]


FilesWork = InspectFile | Wipe


class FileInspection(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes are. `blob` is where those lie that people get. With a `reason` they get none."""

    type: str
    size: int
    sha256: str
    blob: str = ""
    picture: Picture | None = None
    reason: Reason | None = None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Have the scanner look at the bytes of `blob`."""

    file: str
    blob: str


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What it says."""

    verdict: Literal["clean", "infected"]
