"""What LiveKit tells of its rooms: who came in, and who went. That is evidence of what took place there."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Letter
from actors.meetings.access.doors import Doors, Livekit
from actors.meetings.access.elsewhere import named_by
from actors.meetings.reports import SeenElsewhere
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner, WebhookVerifier
from serve_app.edge.webhooks.verifiers import WINDOW_S, out_of_time, wrong_signature

LIVEKIT: Final = "livekit"
_THERE: Final[Mapping[str, bool]] = {
    "participant_joined": True,
    "participant_left": False,
    "participant_connection_aborted": False,
}
_UNCHECKED: Final[Any] = {"verify_exp": False, "verify_nbf": False, "require": ["exp"]}
_pack: Final = msgspec.msgpack.Encoder().encode


class _Room(msgspec.Struct):
    name: str = ""


class _Participant(msgspec.Struct):
    identity: str = ""


class _Told(msgspec.Struct, rename="camel"):
    """Of https://docs.livekit.io/home/server/webhooks/, what counts here. Names and what people say of themselves are
    left out, and so kept nowhere."""

    id: str
    event: str
    created_at: str | int = 0
    room: _Room = msgspec.field(default_factory=_Room)
    participant: _Participant = msgspec.field(default_factory=_Participant)


_told: Final = msgspec.json.Decoder(_Told).decode


@dataclass(frozen=True, slots=True)
class LivekitVerifier(WebhookVerifier):
    """A JWT in the header `authorization`, signed with our own secret (HS256) or an earlier one, holds the SHA-256 of
    the raw body."""

    livekit: Livekit
    window_s: float = WINDOW_S

    @override
    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        claims = self._claims(token)
        mac = base64.b64encode(hashlib.sha256(raw).digest()).decode()
        if not hmac.compare_digest(mac.encode(), str(claims.get("sha256", "")).encode()):
            raise wrong_signature()
        if not -self.window_s <= float(claims["exp"]) - now_ms / 1000 <= 2 * self.window_s:
            raise out_of_time(self.window_s)

    def _claims(self, token: str) -> dict[str, Any]:
        for key, secret in ((self.livekit.key, self.livekit.secret), *self.livekit.earlier):
            try:
                claims: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], issuer=key, options=_UNCHECKED)
            except jwt.InvalidTokenError:
                continue
            return claims
        raise wrong_signature()


def livekit_partner(doors: Doors, livekit: Livekit) -> WebhookPartner:
    """LiveKit, where it is configured."""
    return WebhookPartner(LIVEKIT, LivekitVerifier(livekit), _events, _seen_by(doors))


def _events(raw: bytes) -> Sequence[Arrival]:
    told = _told(raw)
    int(told.created_at)
    return [Arrival(told.id, told.event, msgspec.json.encode(told))]


def _seen_by(doors: Doors) -> Callable[[Arrival, str], Letter | None]:
    """Whom it concerns: the meeting that the room's name means to us alone."""

    def to(arrival: Arrival, entity: str) -> Letter | None:
        told = _told(arrival.body)
        there, named = _THERE.get(told.event), named_by(doors, told.room.name)
        if there is None or named is None:
            return None
        meeting, epoch = named
        seen = SeenElsewhere(
            participant=told.participant.identity,
            epoch=epoch,
            there=there,
            at=int(told.created_at) * 1000,
            arrival=entity,
        )
        return Letter(f"meeting:{meeting}", _pack(seen))

    return to
