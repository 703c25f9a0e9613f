"""The read model of worksheets: one document as its owner sees it, one as everybody else does. Titles and questions are
sealed under its owner's key."""

from typing import Final

import msgspec

from actors.worksheets.worksheet.records import Sheet, ShownWorksheet, Version, WorksheetContent, shown
from store.ports.views import Index, Scalar, View

WORKSHEETS: Final = "worksheets"
OWN: Final = "own"
PUBLIC: Final = "public"
INDEXES: Final = (
    Index(WORKSHEETS, ("side", "owner", "worksheet")),
    Index(WORKSHEETS, ("side", "shared", "worksheet")),
    Index(WORKSHEETS, ("side", "worksheet")),
)
_pack: Final = msgspec.json.Encoder().encode
_unpack: Final = msgspec.json.Decoder(ShownWorksheet).decode


def views_of(
    sheet: Sheet, seq: int, content: WorksheetContent | None, published: WorksheetContent | None
) -> list[View]:
    """The worksheet in the read model. `content`: of the newest version, `published`: of the newest published one."""
    found = [_view(sheet=sheet, version=sheet.latest, seq=seq, content=content, side=OWN)]
    if sheet.published is not None:
        found.append(_view(sheet=sheet, version=sheet.published, seq=seq, content=published, side=PUBLIC))
    return found


def view_id(worksheet_id: str, side: str) -> str:
    """The id of a document."""
    return f"{worksheet_id}/{side}"


def worksheet_in(view: View) -> ShownWorksheet | None:
    """The inverse of `views_of`, with the secret opened by whoever read the view. None: its owner was erased."""
    return None if view.secret is None else _unpack(view.secret)


def _view(sheet: Sheet, version: Version, seq: int, content: WorksheetContent | None, side: str) -> View:
    fields: dict[str, Scalar] = {
        "side": side,
        "owner": sheet.owner,
        "shared": sheet.visibility == "shared",
        "state": sheet.state(version),
        "worksheet": sheet.id,
    }
    secret = None if content is None else _pack(shown(sheet, version, content, permission=True))
    return View(collection=WORKSHEETS, id=view_id(sheet.id, side), version=seq, fields=fields, data=b"", secret=secret)
