"""Where faults are told: the form that Sentry gives its addresses."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_PATH: Final = re.compile(r"^(?P<before>/(?:[^/]+/)*)(?P<project>[^/]+)/?$")


@dataclass(frozen=True, slots=True)
class Dsn:
    """Where reports go: `https://KEY@HOST[:PORT][/PATH]/PROJECT`."""

    secure: bool
    host: str
    port: int
    path: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError: it is none."""
        parts = urlsplit(text)
        path = _PATH.match(parts.path)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.username or path is None:
            raise ValueError("write it as https://KEY@HOST/PROJECT")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        where = f"{path['before']}api/{path['project']}/envelope/"
        return cls(secure=secure, host=parts.hostname, port=port, path=where, key=parts.username)
