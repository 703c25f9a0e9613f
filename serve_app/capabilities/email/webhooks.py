"""What SendGrid and Mailgun tell of mails that they took: that they arrived, came back, or were not wanted."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from typing_extensions import override

from actors.kernel.contract.entity import Letter
from actors.notifications.activities import MailFate
from actors.notifications.mailing.commands import TellFate
from common.errors import InvalidArgument
from common.ids import is_id
from config.capabilities.email import EmailSettings, listed
from serve_app.edge.webhooks.partners import Arrival, WebhookPartner, WebhookVerifier
from serve_app.edge.webhooks.verifiers import WINDOW_S, check_time, wrong_signature

SENDGRID: Final = "sendgrid"
MAILGUN: Final = "mailgun"
_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIME: Final = "x-twilio-email-event-webhook-timestamp"
_KEYS: Final = "CAREWIRE_EMAIL__SENDGRID_WEBHOOK_KEYS should be public keys of P-256 in base64, with commas"
_KEY_PREFIX: Final = "atv_"
_SENDGRID_FATES: Final[Mapping[str, MailFate]] = {
    "delivered": "delivered",
    "bounce": "bounced",
    "blocked": "deferred",
    "spamreport": "complained",
}
_MAILGUN_FATES: Final[Mapping[str, MailFate]] = {
    "delivered": "delivered",
    "permanent": "bounced",
    "temporary": "deferred",
    "complained": "complained",
}
_pack: Final = msgspec.msgpack.Encoder().encode


class _Told(msgspec.Struct):
    """One event, as an arrival keeps it: what became of which mail, and of nobody."""

    id: str
    what: str
    mail: str = ""


class _SendGridEvent(msgspec.Struct):
    """Of https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event, what counts here."""

    event: str
    sg_event_id: str
    activity: str = ""
    type: str = ""


class _MailgunData(msgspec.Struct, rename="kebab"):
    """Of https://documentation.mailgun.com/docs/mailgun/user-manual/events/, what counts here."""

    event: str
    severity: str = ""
    user_variables: dict[str, Any] = {}


class _MailgunSignature(msgspec.Struct):
    timestamp: str
    token: str
    signature: str


class _MailgunBody(msgspec.Struct, rename="kebab"):
    signature: _MailgunSignature
    event_data: _MailgunData


_sendgrid: Final = msgspec.json.Decoder(list[_SendGridEvent]).decode
_mailgun: Final = msgspec.json.Decoder(_MailgunBody).decode
_told: Final = msgspec.json.Decoder(_Told).decode


@dataclass(frozen=True, slots=True)
class SendGridVerifier(WebhookVerifier):
    """ECDSA over P-256 and SHA-256, of the time and the raw body. Any of the keys may have signed."""

    keys: Sequence[ec.EllipticCurvePublicKey]
    window_s: float = WINDOW_S

    @override
    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        time = headers.get(_TIME, "")
        try:
            signature = base64.b64decode(headers.get(_SIGNATURE, ""), validate=True)
        except binascii.Error:
            raise wrong_signature() from None
        if not any(_signed(key, signature, time.encode() + raw) for key in self.keys):
            raise wrong_signature()
        check_time(time, now_ms, self.window_s)


@dataclass(frozen=True, slots=True)
class MailgunVerifier(WebhookVerifier):
    """HMAC-SHA256 of a time and a token that stand in the body. The rest of the body is not signed: whoever has seen
    one webhook could send another with its token, so an arrival is named by its token, and each counts once."""

    keys: Sequence[bytes]
    window_s: float = WINDOW_S

    @override
    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        try:
            given = _mailgun(raw).signature
        except msgspec.MsgspecError:
            raise InvalidArgument("This is no body of this partner's webhooks.", details={"reason": "body"}) from None
        text = f"{given.timestamp}{given.token}".encode()
        made = [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self.keys]
        if not any(hmac.compare_digest(one.encode(), given.signature.encode()) for one in made):
            raise wrong_signature()
        check_time(given.timestamp, now_ms, self.window_s)


def partners(settings: EmailSettings) -> Iterable[WebhookPartner]:
    """Those whose keys are set."""
    if settings.sendgrid_webhook_keys is not None:
        keys = [public_key(text) for text in listed(settings.sendgrid_webhook_keys)]
        yield WebhookPartner(SENDGRID, SendGridVerifier(keys), _of_sendgrid, _mailing(SENDGRID, _SENDGRID_FATES))
    if settings.mailgun_signing_keys is not None:
        secrets = [key.encode() for key in listed(settings.mailgun_signing_keys.get_secret_value())]
        yield WebhookPartner(MAILGUN, MailgunVerifier(secrets), _of_mailgun, _mailing(MAILGUN, _MAILGUN_FATES))


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """A key as SendGrid shows it: the base64 of its DER.

    Raises:
        ValueError: it is none of P-256.
    """
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise ValueError(_KEYS) from None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError(_KEYS)


def _of_sendgrid(raw: bytes) -> Sequence[Arrival]:
    """A body as it comes, or one event as `_arrival` kept it."""
    if raw.lstrip().startswith(b"{"):
        return [_again(raw)]
    found = []
    for one in _sendgrid(raw):
        what = "blocked" if one.event == "bounce" and one.type == "blocked" else one.event
        found.append(_arrival(one.sg_event_id, what, one.activity))
    return found


def _of_mailgun(raw: bytes) -> Sequence[Arrival]:
    if b'"event-data"' not in raw:
        return [_again(raw)]
    body = _mailgun(raw)
    data = body.event_data
    what = data.severity or "permanent" if data.event == "failed" else data.event
    return [_arrival(body.signature.token, what, str(data.user_variables.get("activity", "")))]


def _arrival(id_: str, what: str, mail: str) -> Arrival:
    """Kept of it is what became of which mail. The address stays with the provider."""
    return Arrival(id_, what, msgspec.json.encode(_Told(id_, what, mail)))


def _again(raw: bytes) -> Arrival:
    told = _told(raw)
    return Arrival(told.id, told.what, raw)


def _mailing(provider: str, fates: Mapping[str, MailFate]) -> Callable[[Arrival, str], Letter | None]:
    """Whom an event of a provider concerns: the mailing that it names, if it is anything that counts."""

    def to(arrival: Arrival, entity: str) -> Letter | None:
        told = _told(arrival.body)
        fate = fates.get(told.what)
        if fate is None or not told.mail.startswith(_KEY_PREFIX) or not is_id(told.mail):
            return None
        return Letter(f"mailing:{told.mail}", _pack(TellFate(fate=fate, provider=provider, arrival=entity)))

    return to


def _signed(key: ec.EllipticCurvePublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
