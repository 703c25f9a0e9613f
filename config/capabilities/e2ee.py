"""Rooms that the server cannot read."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from config.section import SettingsSection

Relation = Literal["client_therapist", "therapist_therapist"]


class E2eeSettings(SettingsSection):
    """Off by default: nobody can search, screen or recover what is said there. Between clients it is never offered."""

    relations: Annotated[tuple[Relation, ...], NoDecode] = Field(
        default=(),
        description="Relations whose conversations may be encrypted end to end, comma-separated; with any, rooms too.",
    )

    @field_validator("relations", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            raise ValueError("should name relations, with commas, or be unset")
        return tuple(one.strip(' "') for one in value.strip("[] ").split(",") if one.strip(' "'))
