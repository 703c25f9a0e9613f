"""Letters to the inboxes of people."""

import msgspec


class Deliver(msgspec.Struct, frozen=True, tag="deliver"):
    """The command of an inbox, as it travels. One kind never imports another; a test holds the two together."""

    event_id: str
    name: str
    payload: bytes  # a JSON object
