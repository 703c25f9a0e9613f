"""Read the settings once, and say in one line what is wrong with them.

pydantic-settings passes over a variable that it does not know; a misspelt `CAREWIRE_HTP__PORT` would run with the
default and nobody the wiser. So the names are checked here, against the tree itself.
"""

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from common.errors import StartupError
from config.livekeys import live_key_among
from config.settings import Settings
from config.wellknown import DELIMITER, PREFIX, well_known

ENV_FILE: Final = Path(".env")


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings in force: `overrides` (a part of the tree, `{"http": {"port": 8080}}`, from the command line),
    then the environment, then `.env`, then names that people know from elsewhere, then the defaults.

    Raises:
        StartupError: a value does not fit, or a name is unknown. One line, naming the variable.
    """
    _refuse_unknown(sorted({*_from_environment(), *_from_file()}))
    given: dict[str, Any] = dict(overrides or {})
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise StartupError("; ".join(_explain(detail) for detail in error.errors())) from None
    except SettingsError as error:
        raise StartupError(f"{error}: this name takes JSON; its parts have names of their own.") from None
    _refuse_a_moving_clock_beside_live_keys(settings)
    return settings


def variables(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> dict[str, str]:
    """Every variable there is, with its description."""
    known: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            known |= variables(field.annotation, prefix + name.upper() + DELIMITER)
        else:
            known[prefix + _in_variables(name)] = field.description or ""
    return known


def _in_variables(name: str) -> str:
    """A member whose name is a word of Python's ends in `_`; its variable does not."""
    return name.rstrip("_").upper()


def effective(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(variable, value, where it comes from) of every setting: `environment`, `.env`, the name that people know, or
    `default`. Secrets are masked."""
    for name in variables():
        yield name, _masked(_lookup(settings, name)), _source(name)


def _source(name: str) -> str:
    if _is_given(name, _from_environment()):
        return "environment"
    if _is_given(name, _from_file()):
        return ".env"
    return str(well_known(Settings, os.environ, _file()).get(name, "default"))


def _is_given(name: str, values: Mapping[str, str | None]) -> bool:
    """By its own name, or as a part of its section, which may be given as JSON."""
    section, _, part = name.rpartition(DELIMITER)
    return name in values or (section in values and part.lower() in json.loads(values[section] or "{}"))


def _masked(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********"
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value)


def _lookup(settings: Settings, variable: str) -> object:
    value: Any = settings
    for part in variable.removeprefix(PREFIX).lower().split(DELIMITER):
        value = getattr(value, part) if hasattr(value, part) else getattr(value, f"{part}_")
    return value


def _from_environment() -> Mapping[str, str]:
    return {name.upper(): value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}


def _from_file() -> Mapping[str, str | None]:
    return {name.upper(): value for name, value in _file().items() if name.upper().startswith(PREFIX)}


def _file() -> Mapping[str, str | None]:
    try:
        return dotenv_values(ENV_FILE) if ENV_FILE.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StartupError(f"{ENV_FILE.absolute()} cannot be read ({reason}): correct it, or move it away.") from None


def _refuse_a_moving_clock_beside_live_keys(settings: Settings) -> None:
    """Raises StartupError: time could be moved, and money with it."""
    if settings.clock.settable and (name := live_key_among({**_file(), **os.environ})) is not None:
        raise StartupError(
            f"{PREFIX}CLOCK{DELIMITER}SETTABLE cannot be on where {name} holds a live key: "
            "use a key for tests, or unset one of the two."
        )


def _refuse_unknown(names: list[str]) -> None:
    known = variables()
    for name in names:
        section = DELIMITER not in name and any(other.startswith(name + DELIMITER) for other in known)
        if name not in known and not section:  # a whole section may be given as JSON
            raise StartupError(_unknown(name))


def _unknown(name: str) -> str:
    known = [variable.removeprefix(PREFIX) for variable in variables()]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    hint = f"did you mean {PREFIX}{close[0]}?" if close else "`carewire settings` lists those there are."
    return f"{name} is not a setting; {hint}"


def _explain(detail: ErrorDetails) -> str:
    name = PREFIX + DELIMITER.join(str(part).upper() for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return _unknown(name)
    found = well_known(Settings, os.environ, _file()).get(name)
    if found is not None and _source(name) == str(found):
        name = f"{found}, read for {name}"
    return f"{name}: {detail['msg'].removeprefix('Value error, ')}"
