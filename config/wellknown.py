"""Names of environment variables that people know from elsewhere: read where ours is unset.

A setting says by which it is known where it is declared:

    stripe_key: Annotated[SecretStr | None, KnownAs("STRIPE_SECRET_KEY")] = Field(default=None, description="...")
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

PREFIX: Final = "CAREWIRE_"
DELIMITER: Final = "__"

Variables = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class KnownAs:
    """Stands beside the type of a setting (`Annotated`): the name of the variable that people know."""

    name: str


def names_that_people_know(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, str]]:
    """(our name, the one that people know) of every setting of a tree that has both."""
    for name, field in model.model_fields.items():
        ours = prefix + name.rstrip("_").upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from names_that_people_know(field.annotation, ours + DELIMITER)
        yield from ((ours, one.name) for one in field.metadata if isinstance(one, KnownAs))


@dataclass(frozen=True, slots=True)
class WellKnown:
    """A value that was found under a name that people know."""

    name: str
    value: str
    in_file: bool

    @override
    def __str__(self) -> str:
        return f"{self.name} in .env" if self.in_file else self.name


def well_known(model: type[BaseModel], environment: Variables, file: Variables) -> Mapping[str, WellKnown]:
    """The values that the environment, and after it the `.env` file, have under such names of the settings of a tree,
    by ours; in upper or lower case. Empty is unset: whoever composes containers passes on what they do not have as
    well."""
    found = {}
    for ours, theirs in names_that_people_know(model):
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
        self._found = well_known(settings, environment, file)

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
