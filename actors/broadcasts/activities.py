"""A page of an audience, as the connector `audience` gets it, and what came of it."""

from typing import Final

import msgspec

from actors.broadcasts.records import Audience

AUDIENCE: Final = "audience"
PAGE: Final = 500


class TellPage(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the next people of `audience` behind `cursor` what `broadcast` says, at most so many a second."""

    broadcast: str
    audience: Audience
    cursor: str
    rate_per_s: int
    counted: bool  # how many they are is known


class PageTold(msgspec.Struct, frozen=True, kw_only=True):
    """`told` were told, `failed` cannot be. `cursor`: the last of them; "": there is nobody behind. `total`: how many
    they are, where it was asked for."""

    cursor: str
    told: int
    failed: int = 0
    total: int | None = None
