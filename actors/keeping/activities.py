"""What a hold asks of the connector `keeper` at its end."""

from typing import Final

import msgspec

KEEPER: Final = "keeper"


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """The hold is over: its key goes, and with it all copies; files that were erased under it go."""

    hold: str
