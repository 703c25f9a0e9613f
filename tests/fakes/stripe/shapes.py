"""What a request may say, by the SDK's own generated types (`stripe.params`).

Each TypedDict is compiled once to a checker, which reads the texts of a form as the types that are expected. What the
SDK leaves open for later versions (`Literal[...] | str`) is closed here: a value that this version does not list is a
fault of ours, not a novelty.
"""

import typing
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin

import stripe.params as params
import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from tests.fakes.stripe.faults import bad_request

Check = Callable[[Any, str], Any]
_OPTIONS: Final = frozenset(RequestOptions.__annotations__)  # of the SDK's call, never sent
_LONGEST: Final = 5000
_METADATA: Final = 50, 40, 500  # members, characters of a name, of a value


def check(type_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as the types of `stripe.params.<type_name>` (`billing.` and a name: of that part of it).

    Raises:
        StripeFault: a member is unknown, missing, or none of its type.
    """
    members: dict[str, Any] = _members(type_name)(dict(given), "")
    return members


@cache
def _members(type_name: str) -> Check:
    part, _, name = type_name.rpartition(".")
    return _of_dict(getattr(import_module(f"stripe.params.{part}") if part else params, name))


@cache
def _of_dict(cls: Any) -> Check:
    own = {name: hint for name, hint in cls.__annotations__.items() if name not in _OPTIONS}
    bare = type(cls.__name__, (), {"__annotations__": own, "__module__": cls.__module__})
    hints = typing_extensions.get_type_hints(bare, include_extras=True)
    checks: dict[str, Check] = {}
    required = {name for name, hint in hints.items() if not _may_be_missing(hint)}

    def check_members(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_request("parameter_invalid_object", path, f"Invalid object: {path}")
        found = {}
        for name, one in value.items():
            where = f"{path}[{name}]" if path else name
            if name not in hints:
                raise bad_request("parameter_unknown", where, f"Received unknown parameter: {where}")
            if name not in checks:
                checks[name] = _of(hints[name])
            found[name] = checks[name](one, where)
        for name in required - value.keys():
            where = f"{path}[{name}]" if path else name
            raise bad_request("parameter_missing", where, f"Missing required param: {where}.")
        return found

    return check_members


def _of(hint: Any) -> Check:
    origin = get_origin(hint)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        return _of(get_args(hint)[0])
    if origin is Literal:
        return _literal(get_args(hint))
    if origin in (typing.Union, UnionType):
        return _union(_closed(get_args(hint)))
    if origin is list:
        return _list(_of(get_args(hint)[0]))
    if origin in (dict, UntypedStripeObject):
        return _mapping(_of(get_args(hint)[-1]))
    if isinstance(hint, type) and issubclass(hint, dict):
        return _of_dict(hint)
    return _SCALARS[hint]


def _may_be_missing(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is typing_extensions.NotRequired


def _closed(members: tuple[Any, ...]) -> list[Any]:
    """Without `str` where values are listed, and without the SDK's own objects beside the plain ones."""
    listed = any(get_origin(one) is Literal and get_args(one) != ("",) for one in members)
    kept = [one for one in members if get_origin(one) is not UntypedStripeObject]
    return [one for one in kept if one is not str] if listed else kept


def _literal(values: tuple[Any, ...]) -> Check:
    def check_literal(value: Any, path: str) -> Any:
        if value not in values:
            allowed = ", ".join(map(str, values))
            raise bad_request("parameter_invalid_enum", path, f"Invalid {path}: must be one of {allowed}")
        return value

    return check_literal


def _union(members: list[Any]) -> Check:
    checks = [_of(one) for one in members]

    def check_union(value: Any, path: str) -> Any:
        failed = None
        for one in checks:
            try:
                return one(value, path)
            except Exception as fault:  # of one way to read it; another may fit
                failed = fault
        raise failed or AssertionError(path)

    return check_union


def _list(check_one: Check) -> Check:
    def check_list(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise bad_request("parameter_invalid_array", path, f"Invalid array: {path}")
        return [check_one(one, f"{path}[{place}]") for place, one in enumerate(value)]

    return check_list


def _mapping(check_one: Check) -> Check:
    def check_mapping(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_request("parameter_invalid_object", path, f"Invalid object: {path}")
        most, name_length, length = _METADATA
        if len(value) > most or any(len(name) > name_length or len(str(one)) > length for name, one in value.items()):
            raise bad_request("parameter_invalid_object", path, f"Too much metadata: {path}")
        return {name: check_one(one, f"{path}[{name}]") for name, one in value.items()}

    return check_mapping


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or (len(value) > _LONGEST and not path.startswith("evidence")):
        raise bad_request("parameter_invalid_string", path, f"Invalid string: {path}")
    return value


def _whole(value: Any, path: str) -> int:
    try:
        if isinstance(value, str) and value.strip() == value and value.lstrip("-").isdigit():
            return int(value)
    except ValueError:
        pass
    raise bad_request("parameter_invalid_integer", path, f"Invalid integer: {value}")


def _number(value: Any, path: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise bad_request("parameter_invalid_integer", path, f"Invalid number: {path}") from None


def _truth(value: Any, path: str) -> bool:
    if value not in ("true", "false"):
        raise bad_request("parameter_invalid_boolean", path, f"Invalid boolean: {value}")
    return bool(value == "true")


def _anything(value: Any, path: str) -> Any:
    return value


_SCALARS: Final[dict[Any, Check]] = {str: _text, int: _whole, float: _number, bool: _truth, Any: _anything}
