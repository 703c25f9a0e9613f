"""Both doors of one house, with a clock that stands still, and people before them."""

from typing import Any, Final

import httpx
from msgspec import Struct

from common.auth.tokens import mint
from config.settings import GatewaySettings
from tests.exchanges.names import Names
from tests.gateway_rig import Client
from tests.identity_rig import House

BEGIN_MS: Final = 1_803_888_000_000  # 2027-03-01T08:00:00Z, a Monday
_HOUR_MS: Final = 3_600_000
_DAYS_S: Final = 40 * 86_400.0
ROLES: Final = {
    **dict.fromkeys(("ann", "bob", "cat", "dan"), "client"),
    **dict.fromkeys(("doc", "eve"), "therapist"),
    "mo": "moderator",
    "root": "admin",
}
_UNTOLD: Final = ("x-request-id", "content-length")
READS: Final = ("get_", "list_", "history", "check_", "join_room", "watch_")


class Asked(Struct, frozen=True, omit_defaults=True):
    """What was sent: over REST with a `method`, else as an event. `raw`: a body that need be no JSON. `ahead_h`: the
    clock goes on by so many hours first."""

    who: str
    at: str  # an address, or the name of an event
    method: str = ""
    body: Any = None
    raw: str | None = None
    headers: dict[str, str] = {}
    payloads: list[Any] = []
    ahead_h: int = 0

    @property
    def reads(self) -> bool:
        """It may be asked again: nothing is changed by it."""
        return self.method in ("GET", "HEAD") or (not self.method and self.at.startswith(READS))


class Stage:
    """Performs exchanges, each a second after the last."""

    def __init__(self, home: House) -> None:
        self._home = home
        self._names = Names()
        self._sockets: dict[str, Client] = {}
        home.settings = home.settings.model_copy(
            update={"gateway": GatewaySettings(max_invalid_events=1_000_000, auth_timeout_s=3600)}
        )
        home.clock.stopped_ms = BEGIN_MS

    async def perform(self, asked: Asked) -> Any:
        """The answer, with names for what differs from run to run."""
        assert self._home.clock.stopped_ms is not None
        self._home.clock.stopped_ms += 1000 + asked.ahead_h * _HOUR_MS
        return await self.ask(asked)

    async def ask(self, asked: Asked) -> Any:
        """The answer, at the present time."""
        if asked.method:
            return self._names.hidden(_told(await self._rest(asked)))
        socket = await self._socket(asked.who)
        return self._names.hidden(await socket.call(asked.at, *self._names.shown(asked.payloads)))

    async def record(self) -> list[list[str]]:
        """What the audit record says of reads: who, did what, to which resource, whom it told of, from where."""
        told: set[tuple[str, ...]] = set()
        below: int | None = None
        while page := await self._home.service.parts.audit.page(subject=None, below=below, limit=200):
            below = page[-1].number
            told |= {
                (one.entry.actor, one.entry.action, one.entry.resource, one.entry.subject, one.entry.address)
                for one in page
                if one.entry.actor in ROLES
            }
        return sorted(self._names.hidden(sorted(told)))

    async def _rest(self, asked: Asked) -> httpx.Response:
        bearer = "" if asked.who == "nobody" else self._token(asked.who)
        headers = dict(self._names.shown(asked.headers))
        more: dict[str, Any] = {}
        if asked.raw is not None:
            more["content"] = asked.raw.encode()
        elif asked.body is not None:
            more["json"] = self._names.shown(asked.body)
        async with self._home.http(bearer) as http:
            return await http.request(asked.method, self._names.shown(asked.at), headers=headers, **more)

    async def _socket(self, who: str) -> Client:
        if who not in self._sockets:
            client = self._home.anonymous_client()
            await client.connect({} if who == "nobody" else {"token": self._token(who)})
            self._sockets[who] = client
        return self._sockets[who]

    def _token(self, who: str) -> str:
        return mint(self._home.secret, user=who, role=ROLES[who], now_ms=BEGIN_MS, ttl_s=_DAYS_S)


def _told(answer: httpx.Response) -> Any:
    headers = {name: value for name, value in sorted(answer.headers.items()) if name not in _UNTOLD}
    is_json = "json" in headers.get("content-type", "")
    return {
        "status": answer.status_code,
        "headers": headers,
        "body": answer.json() if is_json and answer.content else answer.text,
    }
