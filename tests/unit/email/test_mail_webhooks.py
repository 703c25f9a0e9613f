"""Who may tell what became of mails: as SendGrid's own helper has it, and Mailgun's manual."""

import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import EventWebhook

from actors.notifications.mailing.commands import TellFate
from common.errors import InvalidArgument
from config.capabilities.email import EmailSettings
from serve_app.capabilities.email.webhooks import partners, public_key
from serve_app.edge.webhooks.partners import WebhookPartner

NOW_MS = 1_763_631_000_000
NOW = str(NOW_MS // 1000)
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1())
OLD_KEY, KEY, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
MAIL = "atv_mfrggzdfmztwq2lknnwg23tpoa"


def public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


SETTINGS = EmailSettings(
    sendgrid_webhook_keys=f"{public(KEY)}, {public(OLD_KEY)}",
    mailgun_signing_keys="new-key,old-key",  # type: ignore[arg-type] # a SecretStr
)
SENDGRID, MAILGUN = partners(SETTINGS)
EVENTS = [
    {"event": "bounce", "sg_event_id": "e1", "activity": MAIL, "email": "ann@mail.test", "timestamp": 1},
    {"event": "bounce", "type": "blocked", "sg_event_id": "e2", "activity": MAIL},
    {"event": "delivered", "sg_event_id": "e3", "activity": MAIL},
    {"event": "spamreport", "sg_event_id": "e4", "activity": MAIL},
    {"event": "open", "sg_event_id": "e5", "activity": MAIL},
    {"event": "bounce", "sg_event_id": "e6"},
    {"event": "bounce", "sg_event_id": "e7", "activity": "../evil"},
]


def signature(raw: bytes, key: ec.EllipticCurvePrivateKey = KEY, time: str = NOW) -> str:
    return base64.b64encode(key.sign(time.encode() + raw, ec.ECDSA(SHA256()))).decode()


def headers(made: str, time: str = NOW) -> dict[str, str]:
    return {"x-twilio-email-event-webhook-signature": made, "x-twilio-email-event-webhook-timestamp": time}


def accepts(partner: WebhookPartner, given: dict[str, str], raw: bytes) -> bool:
    try:
        partner.verifier.verify(given, raw, NOW_MS)
    except InvalidArgument:
        return False
    return True


def judged(made: str, time: str, raw: bytes) -> bool:
    """What SendGrid's helper says: is it signed by one of the keys?"""
    helper = EventWebhook()
    answers = []
    for key in (KEY, OLD_KEY):
        try:
            loaded = helper.convert_public_key_to_ecdsa(public(key))
            answers.append(helper.verify_signature(raw.decode(), made, time, loaded))
        except Exception:
            answers.append(False)
    return any(answers)


RAW = json.dumps(EVENTS).encode()
GOOD = signature(RAW)


@pytest.mark.parametrize(
    ("made", "time", "raw"),
    [
        (GOOD, NOW, RAW),
        (signature(RAW, OLD_KEY), NOW, RAW),
        (signature(RAW, STRANGER), NOW, RAW),
        (GOOD, NOW, RAW + b" "),
        (GOOD, NOW, b"[]"),
        (GOOD, str(int(NOW) + 1), RAW),
        (GOOD[:-4] + "AAA=", NOW, RAW),
        ("", NOW, RAW),
        ("not base64", NOW, RAW),
        (base64.b64encode(b"short").decode(), NOW, RAW),
        (GOOD, "", RAW),
    ],
    ids=[
        "ours",
        "old_key",
        "stranger",
        "longer",
        "other_body",
        "other_time",
        "spoilt",
        "none",
        "not_base64",
        "short",
        "no_time",
    ],
)
def test_we_accept_and_refuse_what_sendgrids_own_helper_does(made: str, time: str, raw: bytes) -> None:
    assert accepts(SENDGRID, headers(made, time), raw) == judged(made, time, raw)


def test_what_was_signed_a_year_ago_is_refused_though_it_is_theirs() -> None:
    old = str(int(NOW) - 365 * 86_400)
    made = signature(RAW, time=old)
    assert judged(made, old, RAW)
    assert not accepts(SENDGRID, headers(made, old), RAW)


def told(partner: WebhookPartner, raw: bytes) -> list[tuple[str, str] | None]:
    found: list[tuple[str, str] | None] = []
    for arrival in partner.events(raw):
        letter = partner.to(arrival, f"arrival:x:{arrival.id}")
        if letter is None:
            found.append(None)
        else:
            command = msgspec.msgpack.decode(letter.command, type=TellFate)
            assert command.arrival == f"arrival:x:{arrival.id}"
            found.append((letter.to, command.fate))
    return found


def test_each_event_concerns_its_mail_and_no_address_is_kept() -> None:
    mailing = f"mailing:{MAIL}"
    expected = [(mailing, "bounced"), (mailing, "deferred"), (mailing, "delivered"), (mailing, "complained")]
    assert told(SENDGRID, RAW) == [*expected, None, None, None]
    for arrival in SENDGRID.events(RAW):
        assert b"ann@mail.test" not in arrival.body
        (again,) = SENDGRID.events(arrival.body)  # as it is replayed
        assert SENDGRID.to(arrival, "a") == SENDGRID.to(again, "a")


@pytest.mark.parametrize("raw", [b"", b"[1]", b'{"id": 1}', b"null", b'[{"event": "bounce"}]', b"\xff"])
def test_what_is_no_body_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        SENDGRID.events(raw)
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        MAILGUN.events(raw)


def mailgun(event: str, severity: str = "", key: bytes = b"new-key", time: str = NOW, **changes: Any) -> bytes:
    made = hmac.new(key, f"{time}tok1".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": time, "token": "tok1", "signature": made} | changes
    data = {"event": event, "severity": severity, "user-variables": {"activity": MAIL}, "recipient": "ann@mail.test"}
    return json.dumps({"signature": signed, "event-data": data}).encode()


@pytest.mark.parametrize(
    ("raw", "right"),
    [
        (mailgun("delivered"), True),
        (mailgun("delivered", key=b"old-key"), True),
        (mailgun("delivered", key=b"another"), False),
        (mailgun("delivered", token="tok2"), False),
        (mailgun("delivered", signature=""), False),
        (mailgun("delivered", signature="ü"), False),
        (mailgun("delivered", time=str(int(NOW) - 301)), False),
        (mailgun("delivered", time=str(int(NOW) + 301)), False),
        (b"{}", False),
        (b"[]", False),
    ],
)
def test_mailgun_signs_a_time_and_a_token(raw: bytes, right: bool) -> None:
    assert accepts(MAILGUN, {}, raw) == right


def test_mailguns_events_concern_their_mail_and_a_token_is_good_for_one() -> None:
    mailing = f"mailing:{MAIL}"
    assert told(MAILGUN, mailgun("failed", "permanent")) == [(mailing, "bounced")]
    assert told(MAILGUN, mailgun("failed", "temporary")) == [(mailing, "deferred")]
    assert told(MAILGUN, mailgun("complained")) == [(mailing, "complained")]
    assert told(MAILGUN, mailgun("delivered")) == [(mailing, "delivered")]
    assert told(MAILGUN, mailgun("opened")) == [None]
    (first,), (second,) = MAILGUN.events(mailgun("delivered")), MAILGUN.events(mailgun("complained"))
    assert first.id == second.id == "tok1"
    assert b"ann@mail.test" not in first.body
    (again,) = MAILGUN.events(first.body)
    assert MAILGUN.to(first, "a") == MAILGUN.to(again, "a")


@pytest.mark.parametrize(
    "text", ["", "x", base64.b64encode(b"x").decode(), public(OTHER_CURVE)], ids=["none", "x", "short", "other_curve"]
)
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="P-256"):
        public_key(text)


def test_no_key_no_partner() -> None:
    assert list(partners(EmailSettings())) == []
