"""The policy of a room: what is screened, shown and kept. By relation; a version names what people agreed to."""

from typing import Final, Literal

import msgspec

RELATIONS: Final = ("client_client", "therapist_therapist", "client_therapist")
Relation = Literal["client_client", "therapist_therapist", "client_therapist"]
"""What the two of a conversation are to each other."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What holds in a room. 0 seconds, or no `max_first_messages`: no limit. `retention_days` None: for ever."""

    screening: Literal["none", "signal", "hold"]
    monitored: bool
    links: Literal["allow", "warn", "block"]
    images: Literal["shown", "blurred"]
    edit_history: Literal["none", "members", "staff"]
    edit_window_s: int
    delete_window_s: int
    receipts: Literal["members", "off"]
    max_first_messages: int
    retention_days: int | None = None


PLAIN: Final = Policy(
    screening="signal",
    monitored=False,
    links="allow",
    images="shown",
    edit_history="members",
    edit_window_s=0,
    delete_window_s=0,
    receipts="members",
    max_first_messages=0,
)
"""Of rooms without a relation, and of conversations with therapists."""
STRANGERS: Final = msgspec.structs.replace(
    PLAIN, screening="hold", monitored=True, links="block", images="blurred", max_first_messages=3
)
"""Of two clients, who agree to it first."""
FIRST_VERSION: Final = 1


def policy_for(relation: str) -> tuple[Policy, int]:
    """What holds in new conversations of this relation, and its version."""
    return (STRANGERS if relation == "client_client" else PLAIN), FIRST_VERSION
