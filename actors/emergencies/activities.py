"""Looking up the people of a rung, as the connector `responders` gets it, and what it finds."""

from typing import Final

import msgspec

from actors.emergencies.ladders import Rung

RESPONDERS: Final = "responders"
MOST_RESPONDERS: Final = 200


class FindResponders(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands on this rung at this moment, for an emergency of `person`? Without a rung: on the first of the ladder
    that is theirs, and which is that?"""

    person: str
    rung: Rung | None


class Responders(msgspec.Struct, frozen=True, kw_only=True):
    """They do, by id, without the person; at most `MOST_RESPONDERS`. `rungs`: the ladder, where it was asked for."""

    users: tuple[str, ...]
    rungs: tuple[Rung, ...] = ()
