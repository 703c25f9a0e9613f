"""What a person wants to be told, where and when."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from actors.notifications.types import TYPES, Channel
from common.errors import InvalidArgument
from common.ids import is_id
from common.timeline import WEEKDAYS, minutes_of, zone_of

Preview = Literal["none", "sender", "full"]
RoomChoice = Literal["all", "mentions", "none"]
LOCALES: Final = ("en", "de")
MOST_NAMED: Final = 500
MOST_SPANS: Final = 10  # a day


class Channels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether anything is sent there at all."""

    push: bool = True
    email: bool = True


class TypeChoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What differs for one type from what is usual."""

    push: bool | None = None
    email: bool | None = None
    preview: Preview | None = None

    def of(self, channel: Channel) -> bool | None:
        """What was chosen for the channel; None: nothing."""
        return {"in_app": None, "push": self.push, "email": self.email}[channel]


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours in which nothing rings, by the weekday on which they begin; an end that is not later is on the next day."""

    enabled: bool = False
    hours: dict[str, list[tuple[str, str]]] = {}


class Digest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mails gathered into one. `at`: of daily ones."""

    email: Literal["off", "hourly", "daily"] = "off"
    at: str = "08:00"


class ChannelChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What shall differ; None stays as it is."""

    push: bool | None = None
    email: bool | None = None


class QuietChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The same of quiet hours. `hours` are all of the week's."""

    enabled: bool | None = None
    hours: dict[str, list[tuple[str, str]]] | None = None


class DigestChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The same of mails gathered into one."""

    email: Literal["off", "hourly", "daily"] | None = None
    at: str | None = None


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `tz` and `locale` "": those of the device that registered last. `muted`: persons, until when (ms;
    None: for good). `version` grows with each change."""

    version: int = 0
    tz: str = ""
    locale: str = ""
    channels: Channels = Channels()
    types: dict[str, TypeChoice] = {}
    preview: Preview = "none"
    rooms: dict[str, RoomChoice] = {}
    muted: dict[str, int | None] = {}
    quiet_hours: QuietHours = QuietHours()
    digest: Digest = Digest()

    def preview_of(self, name: str) -> Preview:
        """How much of a notification of this type others may read on a locked screen."""
        chosen = self.types.get(name)
        return self.preview if chosen is None or chosen.preview is None else chosen.preview


def merged(before: Preferences, changes: Mapping[str, object]) -> Preferences:
    """With these members, by name. What names its own members (`channels`, `quiet_hours`, `digest`) changes only those
    that it has; what names types, rooms or persons is replaced whole, so that one can be taken out."""
    then: dict[str, Any] = {}
    for name, value in changes.items():
        if isinstance(value, ChannelChanges | QuietChanges | DigestChanges):
            value = msgspec.structs.replace(getattr(before, name), **given(value))
        then[name] = value
    return msgspec.structs.replace(before, **then, version=before.version + 1)


def given(changes: msgspec.Struct) -> dict[str, Any]:
    """The members that are not None, by name."""
    return {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}


def check(preferences: Preferences) -> None:
    """Raises InvalidArgument, with the member at fault, unless this can be obeyed."""
    if preferences.tz:
        zone_of(preferences.tz)
    if preferences.locale and (len(preferences.locale) > 35 or not preferences.locale.replace("-", "").isalnum()):
        raise _invalid("locale", "is a language tag, such as de or en-GB")
    for name in preferences.types:
        _known(name)
    _ids(preferences.rooms, "rooms")
    _ids(preferences.muted, "muted")
    for day, spans in preferences.quiet_hours.hours.items():
        if day not in WEEKDAYS:
            raise _invalid("quiet_hours.hours", "has the days mon, tue, wed, thu, fri, sat, sun")
        if len(spans) > MOST_SPANS:
            raise _invalid("quiet_hours.hours", f"has at most {MOST_SPANS} spans a day")
        for begins, ends in spans:
            minutes_of(begins, "quiet_hours.hours")
            minutes_of(ends, "quiet_hours.hours")
    if minutes_of(preferences.digest.at, "digest.at") >= 24 * 60:
        raise _invalid("digest.at", "is a time of day, such as 08:00")


def _known(name: str) -> None:
    if name not in TYPES:
        raise _invalid("types", "names a type that there is not")


def _ids(named: Mapping[str, object], field: str) -> None:
    if len(named) > MOST_NAMED or not all(map(is_id, named)):
        raise _invalid(field, f"names at most {MOST_NAMED} ids")


def _invalid(field: str, complaint: str) -> InvalidArgument:
    return InvalidArgument(f"{field} {complaint}.", details={"field": field})
