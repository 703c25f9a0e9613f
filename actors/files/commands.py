"""What can be asked of a file, as it travels from region to shard."""

import msgspec

from actors.files.records import FileRecord, Place, ScanMode, ShownFile
from actors.kernel.contract.entity import Command
from common.persons import NothingToTell


class KnownFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with all that is known of it, for Carewire itself. `expected`: when (ms) its owner was last about to put
    it somewhere."""

    record: FileRecord
    name: str
    expected: int = 0


class BeginFile(Command[ShownFile], frozen=True, kw_only=True, tag="begin"):
    """The bytes are there: `size` of them, in `blob`. `secret` is the name; answers that are kept do not
    hold it."""

    owner: str
    blob: str
    size: int
    mode: ScanMode
    claimed: str = ""
    expected: str = ""
    room: str = ""
    keep: bool = False
    secret: bytes | None = None


class KnowFile(Command[KnownFile], frozen=True, tag="know"):
    """All that is known of it. Only Carewire itself asks; who may know is judged by who asks for people."""


class ExpectFile(Command[ShownFile], frozen=True, kw_only=True, tag="expect"):
    """`user`, who asks, is about to put it into this room: it is theirs, and ready."""

    user: str
    room: str


class PlaceFile(Command[NothingToTell], frozen=True, kw_only=True, tag="place"):
    """A letter: `user` has put it into this message. What is not theirs they cannot put anywhere."""

    user: str
    place: Place


class AcceptFile(Command[NothingToTell], frozen=True, kw_only=True, tag="accept"):
    """`user` wants to see the picture."""

    user: str


class EraseFile(Command[NothingToTell], frozen=True, kw_only=True, tag="erase"):
    """It shall be gone everywhere. Idempotent."""


class HoldFile(Command[NothingToTell], frozen=True, kw_only=True, tag="hold"):
    """While this hold lasts its bytes stay, whatever becomes of it (`on`), or the hold is over."""

    hold: str
    on: bool


class ScanAgain(Command[NothingToTell], frozen=True, kw_only=True, tag="scan_again"):
    """A timer: no scanner had looked at it by `step`."""

    step: int


FileCommand = BeginFile | KnowFile | ExpectFile | PlaceFile | AcceptFile | EraseFile | HoldFile | ScanAgain
