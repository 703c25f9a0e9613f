"""The base of what is answered about calendars."""

from typing import Final

import msgspec

from common.persons import NothingToTell


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what is answered. A member that is as by default is left out."""


NOTHING: Final = NothingToTell()
