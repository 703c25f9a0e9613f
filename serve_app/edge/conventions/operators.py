"""Who may see how the system is inside: figures, the parts of its health, the list of all that it can be asked.

With `http.operations_token` whoever shows it; without one whoever asks from this machine. An administrator may anyway.
"""

import hmac
from ipaddress import ip_address
from typing import Final

from pydantic import SecretStr
from starlette.types import Scope

_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"})
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Operators:
    """Tells operators by the token, if there is one, or by where they are."""

    def __init__(self, token: SecretStr | None = None) -> None:
        self._token = token.get_secret_value().encode() if token is not None else None

    def knows(self, token: str) -> bool:
        """Is this the operations token? Takes the same time for every wrong one of its length."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token)

    def is_here(self, scope: Scope, address: str) -> bool:
        """Without a token: does somebody on this machine ask, for themselves?

        Neither a proxy for others, nor a web page in their browser: of another origin, or under a name that somebody
        else lets point here (DNS rebinding).
        """
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return (
            self._token is None
            and _is_loopback(address)
            and name.lower() in _LOCAL_NAMES
            and b"origin" not in headers
            and _FORWARDED.isdisjoint(headers)
        )


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
