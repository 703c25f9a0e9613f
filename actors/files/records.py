"""A file as data: what its entity keeps and every event of it carries, and as people see it. Its name is in neither: it
is sealed, and read with the file."""

from typing import Final, Literal

import msgspec

from common.clock import to_rfc3339
from common.persons import UserId

State = Literal["scanning", "ready", "rejected", "erased"]
ScanState = Literal["pending", "clean", "none"]
ScanMode = Literal["off", "best_effort", "required"]
Reason = Literal[
    "infected",
    "type_mismatch",
    "type_not_allowed",
    "archive_bomb",
    "archive_encrypted",
    "too_many_pixels",
    "unreadable",
    "checksum",
]
BLURRED: Final = "blurred"
"""The variant that is a blurred picture of 32 pixels. It is given to whoever has not accepted the picture yet."""
VARIANTS: Final = ("256", "1280")
MOST_PLACES: Final = 500


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A message that the file stands in."""

    room: str
    message: str


class Picture(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a picture. `variants`: the blob of each."""

    width: int
    height: int
    variants: dict[str, str] = {}


class FileRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A file at one moment. Times in ms.

    `claimed` is the type that was told, `expected` the SHA-256 ("": none). `blob` is where the bytes are that people
    get, `original` those that were uploaded, where they are others and still there. `step` numbers what is owed: an
    answer to an earlier step is stale. `accepted`: who has accepted to see the picture. `held`: legal holds that keep
    its bytes, whatever becomes of it. `due`: until when a scanner is looked for, where people may have
    the file without. `keep`: what was uploaded stays, though people get something else.
    """

    id: str
    owner: str
    type: str
    size: int
    created: int
    blob: str
    state: State = "scanning"
    scan: ScanState = "pending"
    mode: ScanMode = "off"
    reason: Reason | None = None
    sha256: str = ""
    claimed: str = ""
    expected: str = ""
    room: str = ""
    original: str = ""
    picture: Picture | None = None
    places: tuple[Place, ...] = ()
    accepted: tuple[str, ...] = ()
    step: int = 0
    rescans: int = 0
    held: tuple[str, ...] = ()
    due: int = 0
    keep: bool = False

    @property
    def blobs(self) -> tuple[str, ...]:
        """All that it has."""
        variants = self.picture.variants.values() if self.picture is not None else ()
        return tuple(dict.fromkeys(one for one in (self.blob, self.original, *variants) if one))


class ShownImage(msgspec.Struct, frozen=True, kw_only=True):
    """What people see of a picture."""

    width: int
    height: int
    variants: list[str]


class ShownFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file as people see it. `blurred`: who asks has not accepted the picture yet."""

    file_id: str
    name: str
    type: str
    size: int
    sha256: str
    state: State
    reason: Reason | None = None
    scan: ScanState
    owner_id: UserId
    image: ShownImage | None = None
    blurred: bool | None = None
    created_at: str


def shown(record: FileRecord, name: str, *, blurred: bool | None = None, owner: str | None = None) -> ShownFile:
    """The file as people see it. `owner`: as whom they see its owner, where that is not by their id."""
    picture = record.picture
    image = None
    if picture is not None:
        variants: list[str] = [one for one in VARIANTS if one in picture.variants]
        image = ShownImage(width=picture.width, height=picture.height, variants=variants)
    return ShownFile(
        file_id=record.id,
        name=name,
        type=record.type,
        size=record.size,
        sha256=record.sha256,
        state=record.state,
        reason=record.reason,
        scan=record.scan,
        owner_id=record.owner if owner is None else owner,
        image=image,
        blurred=blurred or None,
        created_at=to_rfc3339(record.created),
    )
