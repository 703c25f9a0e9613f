"""Texts of one line that people write, such as names, titles and reasons: one rule for all of them. Pure.

They end up in headers of mails, in lists, in logs and in calendars of others, where a line break begins something new
and a control character hides what follows.
"""

import re
from typing import Annotated, Final

from msgspec import Meta
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

# Control characters, line and paragraph separators, half surrogate pairs; and what turns the direction of all that
# follows. Marks that languages need (joiners, direction marks, isolates) may stand.
_REFUSED: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e"
LINE_PATTERN: Final = rf"\A[^{_REFUSED}]*\Z"
COMPLAINT: Final = "has line breaks or control characters; it is one line"
_LINE: Final = re.compile(LINE_PATTERN)


def is_line(text: str) -> bool:
    """May `text` be a name, a title, a reason?"""
    return _LINE.match(text) is not None


def _checked(text: str) -> str:
    if not is_line(text):
        raise PydanticCustomError("line", COMPLAINT)
    return text


_SHOWN: Final = Field(json_schema_extra={"pattern": f"^[^{_REFUSED}]*$"})  # as ECMA-262 has it
Line = Annotated[str, Meta(pattern=LINE_PATTERN), AfterValidator(_checked), _SHOWN]
"""One line, for Structs of msgspec and models of pydantic alike."""
