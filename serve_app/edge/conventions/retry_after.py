"""`Retry-After` (RFC 9110, 10.2.3): seconds, or a date."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

_LONGEST_S: Final = 86_400.0
_LONGEST_DIGITS: Final = 9


def retry_after_s(headers: Mapping[str, str], now_ms: int, default_s: float | None = None) -> float | None:
    """For how long the service wants to be left alone, at most a day. `default_s` where it does not say, or says it in
    a way that nobody understands."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_DIGITS:
        return min(float(text), _LONGEST_S)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return default_s
    return min(max(0.0, at.timestamp() - now_ms / 1000), _LONGEST_S)
