"""What happens to a worksheet. What is stored is stored for ever: new members stand at the end, with defaults."""

from actors.kernel.contract.entity import Event
from actors.worksheets.worksheet.records import Sheet


class Drafted(Event, frozen=True, kw_only=True, array_like=True, tag="drafted"):
    """A version, the newest of `sheet`. What it says is the secret (`Content`), under its owner's key."""

    sheet: Sheet


class SheetChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """It was published, or archived."""

    sheet: Sheet


WorksheetEvent = Drafted | SheetChanged
