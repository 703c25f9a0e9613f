"""The base of every part of the settings tree: read-only, and checked before anything is started."""

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

_YEAR_S: Final = 366 * 86_400
_LARGEST: Final = 1_000_000_000
_LARGEST_BY_SUFFIX: Final = {
    "_ms": 10 * _YEAR_S * 1000,
    "_s": 10 * _YEAR_S,
    "_m": 10 * _YEAR_S // 60,
    "_h": 10 * _YEAR_S // 3600,
    "_d": 3660,
    "_bytes": 1 << 40,
}
"""The unit of a setting is the end of its name. Durations end after ten years: beyond, dates and the timers of event
loops overflow, and they do so when the first one is set and not when the setting is read."""
_SHORTEST_S: Final = 0.001  # a positive time in seconds; less is a loop that never rests


class SettingsSection(BaseModel):
    """A part of the tree. A name that it does not know is an error; so are an empty text, a number that is not finite,
    and one beyond what its unit allows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_empty(cls, value: object) -> object:
        return refuse_empty(value)

    @field_validator("*", mode="after")
    @classmethod
    def _is_within_its_unit(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        return within_unit(value, info.field_name)


def refuse_empty(value: object) -> object:
    """`value`, unless it is a text without any character.

    Raises:
        ValueError: it is one. No setting means something by it; a variable that is set to nothing is an oversight.
    """
    if isinstance(value, str) and not value.strip():
        raise ValueError("is empty; give it a value, or unset it for the default")
    return value


def within_unit(value: object, name: str) -> object:
    """`value`, unless it is a number larger than any sense that a setting of this name could have.

    Raises:
        ValueError: it is.
    """
    if isinstance(value, tuple):
        return tuple(within_unit(part, name) for part in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    largest = next((most for end, most in _LARGEST_BY_SUFFIX.items() if name.endswith(end)), _LARGEST)
    if value > largest:
        raise ValueError(f"should be at most {largest}")
    if name.endswith("_s") and 0 < value < _SHORTEST_S:
        raise ValueError(f"should be at least {_SHORTEST_S}")
    return value
