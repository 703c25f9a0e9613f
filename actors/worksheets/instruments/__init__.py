"""Instruments that are shipped, as data: a file each, with notice, source, thresholds and LOINC. Word by word: who
changes one makes another worksheet."""

from functools import cache
from importlib import resources
from typing import Final

import msgspec

from actors.worksheets.schema.fields import Code, Licence, Schema
from common.ids import derived_id

NAMES: Final = ("phq9", "gad7", "phq2", "gad2")
HOUSE: Final = "carewire"
"""Who owns them."""
_PUBLISHED_MS: Final = 1_763_596_800_000  # 2025-11-20


class Shipped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument. `code`: of the questionnaire as a whole."""

    instrument: str
    version: int
    title: str
    description: str
    code: Code | None = None
    licence: Licence
    schema: Schema

    @property
    def worksheet(self) -> str:
        """The id of its worksheet: the same everywhere."""
        return derived_id("wks", _PUBLISHED_MS, self.instrument)

    @property
    def published_ms(self) -> int:
        """When it was published here."""
        return _PUBLISHED_MS


@cache
def shipped() -> tuple[Shipped, ...]:
    """All of them."""
    return tuple(_read(name) for name in NAMES)


@cache
def shipped_as(worksheet_id: str) -> Shipped | None:
    """The instrument that this worksheet is; None: it is none."""
    return next((one for one in shipped() if one.worksheet == worksheet_id), None)


def instrument_of(name: str) -> Shipped | None:
    """The instrument of this name."""
    return next((one for one in shipped() if one.instrument == name), None)


def _read(name: str) -> Shipped:
    data = resources.files(__package__ or "").joinpath(f"{name}.json").read_bytes()
    return msgspec.json.decode(data, type=Shipped)
