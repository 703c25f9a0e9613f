"""The read model of care relationships: written with the turn, so whoever acts reads what they did."""

from typing import Final

import msgspec

from actors.care.state import CareRecord
from store.ports.views import Index, View

CARE: Final = "care_relationships"
INDEXES: Final = (
    Index(CARE, ("pair", "state")),
    Index(CARE, ("client", "care")),
    Index(CARE, ("therapist", "care")),
    Index(CARE, ("care",)),
)


def pair_of(one: str, other: str) -> str:
    """What the relationships of these two have in common, whichever is the client. No id holds a line feed."""
    return "\n".join(sorted((one, other)))


def view_of(care: CareRecord, version: int) -> View:
    """The relationship in the read model. `care` is its id, as a field to sort by."""
    fields = {
        "pair": pair_of(care.client, care.therapist),
        "client": care.client,
        "therapist": care.therapist,
        "state": care.state,
        "care": care.id,
    }
    return View(collection=CARE, id=care.id, version=version, fields=fields, data=msgspec.msgpack.encode(care))


def record_in(view: View) -> CareRecord:
    """The inverse of `view_of`."""
    return msgspec.msgpack.decode(view.data, type=CareRecord)
