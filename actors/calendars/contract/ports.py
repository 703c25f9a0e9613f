"""The ports of the calendars' services: what they need of the rest, and how they ask calendars."""

from collections.abc import Awaitable, Callable

from common.errors import InvalidArgument
from common.ids import is_id

Related = Callable[[str, str], Awaitable[bool]]
"""Is this client in the care of this therapist?"""


def entity(kind: str, key: str, field: str) -> str:
    """The entity of this id.

    Raises:
        InvalidArgument: nothing can have this id.
    """
    if not is_id(key):
        raise InvalidArgument(f"{field} is not an id.", details={"field": field})
    return f"{kind}:{key}"


def calendar_of(calendar_id: str) -> str:
    """The entity and topic of a calendar."""
    return entity("calendar", calendar_id, "therapist_id")
