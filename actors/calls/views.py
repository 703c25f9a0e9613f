"""The read model of calls: a document for each of the two, so that each finds their own."""

from typing import Final

import msgspec

from actors.calls.records import CallRecord, ShownCall, shown
from store.ports.views import Index, View

CALLS: Final = "calls"
INDEXES: Final = (Index(CALLS, ("user", "call")),)
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(ShownCall).decode


def views_of(call: CallRecord, version: int) -> list[View]:
    """The call in the read model."""
    data = _encode(shown(call))
    return [
        View(
            collection=CALLS,
            id=f"{call.id}/{user}",
            version=version,
            fields={"user": user, "call": call.id, "status": call.status},
            data=data,
        )
        for user in dict.fromkeys((call.caller, call.callee))
    ]


def call_in(view: View) -> ShownCall:
    """The inverse of `views_of`."""
    return _decode(view.data)
