"""What can be asked of a worksheet, as it travels from region to shard."""

from msgspec import UNSET

from actors.kernel.contract.entity import Command
from actors.worksheets.versions import Versions
from actors.worksheets.worksheet.figures import Figures
from actors.worksheets.worksheet.records import Assignable, ShownWorksheet, Visibility


class CreateWorksheet(Command[ShownWorksheet], frozen=True, kw_only=True, tag="create"):
    """A new one. `secret` is a packed `Content`. Idempotent."""

    visibility: Visibility = "private"
    origin: tuple[str, int] = ("", 0)
    secret: bytes | None = None


class UpdateWorksheet(Command[ShownWorksheet], frozen=True, kw_only=True, tag="update"):
    """The next version. `secret` is a packed `Content`. What is used word by word keeps its words."""

    visibility: Visibility | None = None
    versions: Versions = UNSET
    secret: bytes | None = None


class PublishWorksheet(Command[ShownWorksheet], frozen=True, kw_only=True, tag="publish"):
    """The newest version may be given from now on, and changes no more. Idempotent."""

    versions: Versions = UNSET


class ArchiveWorksheet(Command[ShownWorksheet], frozen=True, kw_only=True, tag="archive"):
    """It is given to nobody any more. Idempotent."""

    versions: Versions = UNSET


class GetWorksheet(Command[ShownWorksheet], frozen=True, kw_only=True, tag="get"):
    """A version (0: the newest that the caller may see). `assigned`: the caller was given it, says who asks."""

    version: int = 0
    assigned: bool = False


class GetAssignable(Command[Assignable], frozen=True, kw_only=True, tag="assignable"):
    """What is given to somebody: a published version (0: the newest)."""

    version: int = 0


class GetFigures(Command[Figures], frozen=True, kw_only=True, tag="figures"):
    """How it fares among the clients of `therapist` ("": of everybody). Only Carewire itself asks. Times in ms; 0: no
    bound. `months`: in months."""

    therapist: str
    version: int = 0
    since: int = 0
    until: int = 0
    months: bool = False
    least: int = 5


WorksheetCommand = (
    CreateWorksheet | UpdateWorksheet | PublishWorksheet | ArchiveWorksheet | GetWorksheet | GetAssignable | GetFigures
)
