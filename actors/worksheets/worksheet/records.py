"""A worksheet as data, and as people see it. Titles and questions are sealed under its owner's key."""

from typing import Final, Literal

import msgspec

from actors.worksheets.instruments import HOUSE, Shipped
from actors.worksheets.schema.fields import Licence, Schema
from common.clock import to_rfc3339
from common.persons import UserId

State = Literal["draft", "published", "archived"]
Visibility = Literal["private", "shared"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a worksheet was made of."""

    worksheet_id: str
    version: int


class WorksheetContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version says: the secret of its event."""

    title: str
    schema: Schema
    description: str | None = None
    licence: Licence | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A version. `seq`: the number of the event that holds what it says."""

    number: int
    seq: int
    published: bool
    at: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A worksheet at one moment. Times in ms."""

    id: str
    owner: str
    visibility: Visibility
    created: int
    updated: int
    archived: bool = False
    verbatim: bool = False
    versions: tuple[Version, ...] = ()
    origin: tuple[str, int] = ("", 0)
    instrument: str = ""

    @property
    def latest(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def published(self) -> Version | None:
        """The newest one that was published."""
        return next((one for one in reversed(self.versions) if one.published), None)

    def version(self, number: int) -> Version | None:
        """The version of this number."""
        return next((one for one in self.versions if one.number == number), None)

    def state(self, version: Version) -> State:
        """What a version is by now."""
        if self.archived:
            return "archived"
        return "published" if version.published else "draft"


class ShownWorksheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A worksheet as people see it."""

    worksheet_id: str
    version: int
    title: str
    description: str | None = None
    owner_id: UserId
    state: State
    visibility: Visibility
    instrument: str | None = None
    schema: Schema
    licence: Licence | None = None
    derived_from: Origin | None = None
    created_at: str
    updated_at: str


class Assignable(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is given: a published version."""

    worksheet_id: str
    version: int
    title: str
    schema: Schema
    instrument: str = ""


def shown(sheet: Sheet, version: Version, content: WorksheetContent, *, permission: bool) -> ShownWorksheet:
    """As people see it. `permission`: with the words by which a restricted one may be used."""
    licence = content.licence
    if licence is not None and not permission:
        licence = msgspec.structs.replace(licence, permission=None)
    return ShownWorksheet(
        worksheet_id=sheet.id,
        version=version.number,
        title=content.title,
        description=content.description,
        owner_id=sheet.owner,
        state=sheet.state(version),
        visibility=sheet.visibility,
        instrument=sheet.instrument or None,
        schema=content.schema,
        licence=licence,
        derived_from=Origin(worksheet_id=sheet.origin[0], version=sheet.origin[1]) if sheet.origin[0] else None,
        created_at=to_rfc3339(sheet.created),
        updated_at=to_rfc3339(version.at),
    )


def of_house(one: Shipped) -> tuple[Sheet, WorksheetContent]:
    """An instrument as a worksheet."""
    at: Final = one.published_ms
    sheet = Sheet(
        id=one.worksheet,
        owner=HOUSE,
        visibility="shared",
        created=at,
        updated=at,
        verbatim=True,
        versions=(Version(number=one.version, seq=0, published=True, at=at),),
        instrument=one.instrument,
    )
    content = WorksheetContent(title=one.title, description=one.description, schema=one.schema, licence=one.licence)
    return sheet, content


def content_of(one: ShownWorksheet | None) -> WorksheetContent | None:
    """What a version says, of what was shown of it."""
    if one is None:
        return None
    return WorksheetContent(title=one.title, description=one.description, schema=one.schema, licence=one.licence)
