"""One instance of any Struct, the same each time: each member's value follows from its name, so that two members that
change places in an `array_like` Struct change its bytes."""

import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from zlib import crc32

import msgspec

from actors.calendars.hours.schedule import Holidays, Limits, Override, Price, Schedule, Service, Stretch
from actors.kernel.contract.entity import AnyKind

PRICE = Price(4200, "EUR")
SCHEDULE = Schedule(
    tz="Europe/Berlin",
    weekly={"mon": (("09:00", "17:00"),)},
    slot_minutes=15,
    services=(
        Service(
            service_id="talk",
            duration_minutes=60,
            title="Talk",
            buffer_before_minutes=5,
            buffer_after_minutes=10,
            capacity=3,
            format="video",
            price=PRICE,
            resources=("room1",),
            max_per_day=8,
            max_per_week=40,
        ),
        Service(service_id="short", duration_minutes=20),
    ),
    rules=Limits(
        min_notice_minutes=60,
        horizon_days=90,
        max_per_day=1,
        max_per_week=2,
        max_per_client_per_day=3,
        max_per_client_per_week=4,
        max_reschedules=5,
        cancel_notice_minutes=6,
        requires_confirmation=True,
        bookable_by="care_relationship",
        shared_with=("doc",),
    ),
    overrides=(Override("2026-12-24", (("09:00", "12:00"),), "Short day"),),
    blackouts=(Stretch("2026-12-28T09:00:00Z", "2026-12-28T10:00:00Z", "Closed", "maintenance"),),
    openings=(Stretch("2026-12-27T09:00:00Z", "2026-12-27T10:00:00Z", "Open", "opening"),),
    holidays=Holidays("DE", "BE"),
    kind="room",
)


def sample(kind: type[msgspec.Struct], path: str = "") -> Any:
    """An instance with every member set. `path` leads to it, where it is part of another."""
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{one.name: _value(hints[one.name], path + one.encode_name) for one in msgspec.structs.fields(kind)})


def structs_of(union: Any) -> tuple[type[msgspec.Struct], ...]:
    """The Structs of a union, or the one that it is."""
    return get_args(union) or (union,)


def _value(kind: Any, name: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(parts[0], name)
    if origin in (Union, types.UnionType):
        return _value(next(one for one in parts if one is not type(None)), name)
    if origin is Literal:
        return parts[-1]
    if origin is tuple:
        items = parts[:1] * 2 if parts[-1] is Ellipsis else parts
        return tuple(_value(one, f"{name}.{number}") for number, one in enumerate(items))
    if origin is list:
        return [_value(parts[0], f"{name}.{number}") for number in range(2)]
    if origin is dict:
        return {f"{name}.key": _value(parts[1], f"{name}.value")}
    return _plain(kind, name)


def _plain(kind: Any, name: str) -> Any:
    if kind is Schedule:
        return SCHEDULE
    if kind is Price:
        return PRICE
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return sample(kind, f"{name}.")
    number = crc32(name.encode()) % 100_000
    known: dict[Any, Any] = {str: name, bytes: name.encode(), int: number, float: number / 8, bool: True}
    return known[kind]


def stored_of(kinds: Iterable[AnyKind]) -> dict[str, type[msgspec.Struct]]:
    """Every command and event of these kinds, by kind, role and tag."""
    return {
        f"{kind.name}.{role}.{struct.__struct_config__.tag}": struct
        for kind in kinds
        for role in ("commands", "events")
        for struct in structs_of(getattr(kind, role)) or (getattr(kind, role),)
    }
