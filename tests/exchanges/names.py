"""Names for what differs from run to run: ids, tokens and cursors, by the order in which they are seen first."""

import json
import re
from typing import Any, Final

_MADE: Final = re.compile(
    r"cwf1\.[A-Za-z0-9_.-]{20,}"  # a token of a feed
    r"|\b[a-z]{2,6}_[0-9A-HJKMNP-TV-Z]{24,26}\b"  # an id, or that of a message
)
_CURSOR: Final = re.compile(r'("(?:next_cursor|cursor)": ?")([A-Za-z0-9_=-]{12,})(")')
_NAME: Final = re.compile(r"<[a-z]+#\d+>")


class Names:
    """Those of one run."""

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}
        self._made: dict[str, str] = {}

    def hidden(self, value: Any) -> Any:
        """The value with names in the place of what differs."""
        text = json.dumps(value, ensure_ascii=False)
        text = _CURSOR.sub(lambda found: found[1] + self._name(found[2], "cursor") + found[3], text)
        return json.loads(_MADE.sub(lambda found: self._name(found[0], _kind(found[0])), text))

    def shown(self, value: Any) -> Any:
        """The value as it is in this run."""
        text = json.dumps(value, ensure_ascii=False)
        return json.loads(_NAME.sub(lambda found: self._made.get(found[0], found[0]), text))

    def _name(self, made: str, kind: str) -> str:
        if kind == "req":  # every refusal has one of its own
            return "<req>"
        if made not in self._name_of:
            number = sum(name.startswith(f"<{kind}#") for name in self._made) + 1
            self._name_of[made] = f"<{kind}#{number}>"
            self._made[self._name_of[made]] = made
        return self._name_of[made]


def _kind(made: str) -> str:
    return "token" if made.startswith("cwf1.") else made.partition("_")[0]
