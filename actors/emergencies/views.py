"""The read model of emergencies: a document for each person concerned, so that each finds their own, and one ("") for
administrators. What was said, and where, is not in it."""

from typing import Final

import msgspec

from actors.emergencies.records import Emergency, ShownEmergency, shown
from store.ports.views import Index, View

EMERGENCIES: Final = "emergencies"
EVERYBODY: Final = ""
INDEXES: Final = (Index(EMERGENCIES, ("user", "emergency")), Index(EMERGENCIES, ("user", "open", "emergency")))
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(ShownEmergency).decode


def views_of(one: Emergency, version: int) -> list[View]:
    """The emergency in the read model."""
    data = _encode(shown(one, version))
    return [
        View(
            collection=EMERGENCIES,
            id=view_id(one.id, user),
            version=version,
            fields={"user": user, "emergency": one.id, "open": not one.over, "person": one.user},
            data=data,
        )
        for user in (EVERYBODY, *one.concerned)
    ]


def view_id(emergency_id: str, user: str) -> str:
    """The id of the document of somebody whom it concerns."""
    return f"{emergency_id}/{user}"


def emergency_in(view: View) -> ShownEmergency:
    """The inverse of `views_of`."""
    return _decode(view.data)
