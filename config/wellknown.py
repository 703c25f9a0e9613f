"""Names of environment variables that people know from elsewhere: read where ours is unset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

PREFIX: Final = "CAREWIRE_"
DELIMITER: Final = "__"
WELL_KNOWN: Final[Mapping[str, str]] = {"CAREWIRE_AUTH__SECRET": "JWT_SECRET"}
"""Our name -> the one that people know. A line here is all that another one takes."""

Variables = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class WellKnown:
    """A value that was found under a name that people know."""

    name: str
    value: str
    in_file: bool

    @override
    def __str__(self) -> str:
        return f"{self.name} in .env" if self.in_file else self.name


def well_known(environment: Variables, file: Variables) -> Mapping[str, WellKnown]:
    """What the environment, and after it the `.env` file, have under such names, by ours; in upper or lower case.
    Empty is unset: whoever composes containers passes on what they do not have as well."""
    found = {}
    for ours, theirs in WELL_KNOWN.items():
        for variables, in_file in ((environment, False), (file, True)):
            value = variables.get(theirs) or variables.get(theirs.lower()) or ""
            if value.strip():
                found[ours] = WellKnown(theirs, value.strip(), in_file)
                break
    return found


class WellKnownSource(PydanticBaseSettingsSource):
    """The source that comes last: whatever is set under our names, in whichever way, counts before it."""

    def __init__(self, settings: type[BaseSettings], environment: Variables, file: Variables) -> None:
        super().__init__(settings)
        self._found = well_known(environment, file)

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for ours, found in self._found.items():
            *sections, name = ours.removeprefix(PREFIX).lower().split(DELIMITER)
            place = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[name] = found.value
        return tree
