"""A setting that cannot work is refused where it is read, in one line that names it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from common.errors import StartupError
from config.loading import load_settings, variables
from config.settings import Settings

KEY = "k1:" + "A" * 43 + "="


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def leaves(model: type[BaseModel], prefix: str = "CAREWIRE_") -> Iterator[tuple[str, Any]]:
    """Every variable and the type that it has."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, prefix + name.upper() + "__")
        else:
            yield prefix + name.upper(), field.annotation


def of_type(*types: object) -> list[str]:
    return [name for name, annotation in leaves(Settings) if annotation in types]


NUMBERS = of_type(int, float, int | None, float | None)
FLOATS = of_type(float, float | None)
SECRETS = ["CAREWIRE_AUTH__SECRET", "CAREWIRE_ENCRYPTION__MASTER_KEYS", "CAREWIRE_HTTP__OPERATIONS_TOKEN"]
GIVEN = [
    "CAREWIRE_MONGO__URL",
    "CAREWIRE_LOG__SENTRY_DSN",
    "CAREWIRE_EMAIL__MAILGUN_KEY",
    "CAREWIRE_EMAIL__MAILGUN_SIGNING_KEYS",
    "CAREWIRE_EMAIL__SENDGRID_KEY",
    "CAREWIRE_EMAIL__SMTP_BACKUP_URL",
    "CAREWIRE_EMAIL__SMTP_URL",
    "CAREWIRE_JITSI__SECRET",
    "CAREWIRE_LIVEKIT__API_SECRET",
    "CAREWIRE_LIVEKIT__EARLIER_SECRET",
    "CAREWIRE_TURN__SECRET",
    "CAREWIRE_PAYMENTS__PAYPAL__CLIENT_SECRET",
    "CAREWIRE_PAYMENTS__RAZORPAY__KEY_SECRET",
    "CAREWIRE_PAYMENTS__RAZORPAY__WEBHOOK_SECRETS",
    "CAREWIRE_PAYMENTS__STRIPE__SECRET_KEY",
    "CAREWIRE_PAYMENTS__STRIPE__WEBHOOK_SECRETS",
    "CAREWIRE_PUSH__VAPID_KEYS",
    "CAREWIRE_SEARCH__ELASTICSEARCH_API_KEY",
    "CAREWIRE_FILES__S3_SECRET_KEY",
]  # masked too; others decide how long they are


def refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one line with which it is refused."""
    monkeypatch.setenv(name, value)
    with pytest.raises(StartupError) as refusal:
        load_settings()
    line = str(refusal.value)
    assert name in line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("secret", ["short", "x", "ü" * 15, "s" * 31, " " * 40])
def test_a_secret_has_at_least_32_bytes(name: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = refused(name, secret, monkeypatch)
    assert secret.strip() == "" or secret not in line.removeprefix(name)
    assert "openssl" in line or "is empty" in line


def test_32_bytes_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREWIRE_AUTH__SECRET", "ü" * 16)
    monkeypatch.setenv("CAREWIRE_ENCRYPTION__MASTER_KEYS", KEY)
    assert load_settings().auth.secret is not None


def test_every_secret_setting_is_bounded() -> None:
    """A new one is in the lists above."""
    masked = [name for name, annotation in leaves(Settings) if SecretStr.__name__ in repr(annotation)]
    assert sorted(masked) == sorted([*GIVEN, *SECRETS])


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e300"])
def test_a_number_is_finite_and_within_its_unit(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(name, value, monkeypatch)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["9" * 30, "-1"])
def test_a_number_has_two_bounds(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(name, value, monkeypatch)


@pytest.mark.parametrize("name", list(variables()))
def test_an_empty_value_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(name, "", monkeypatch)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAREWIRE_AUTH__JWKS_URL", "ftp://x"),
        ("CAREWIRE_AUTH__JWKS_URL", "https://"),
        ("CAREWIRE_AUTH__JWKS_URL", "issuer.example/jwks.json"),
        ("CAREWIRE_AUTH__JWKS_URL", "https://[x/"),
        ("CAREWIRE_AUTH__JWKS_URL", "https://a:99999/"),
        ("CAREWIRE_MONGO__URL", "postgres://db/"),
        ("CAREWIRE_EMAIL__SMTP_URL", "mail.example.org:25"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://mail.example.org:0"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://user@mail.example.org"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://user:secret-word@mail.example.org?tls=yes"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://mail.example.org?tls="),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://mail.example.org?ssl=1"),
        ("CAREWIRE_EMAIL__SMTP_URL", "smtp://mail.example.org/inbox"),
        ("CAREWIRE_EMAIL__FROM", "Carewire"),
        ("CAREWIRE_EMAIL__FROM", "Carewire <mail@example.org>\nBcc: x@example.org"),
        ("CAREWIRE_HTTP__PUBLIC_URL", "app.example.org"),
        ("CAREWIRE_ACTIVITIES__KEEP_S", "46"),
        ("CAREWIRE_MONGO__DATABASE", "a.b"),
        ("CAREWIRE_MONGO__DATABASE", "a b"),
        ("CAREWIRE_MONGO__DATABASE", "a/b"),
        ("CAREWIRE_MONGO__DATABASE", "$a"),
        ("CAREWIRE_MONGO__DATABASE", 'a"b'),
        ("CAREWIRE_MONGO__DATABASE", "ü" * 32),
        ("CAREWIRE_MONGO__DATABASE", "admin"),
        ("CAREWIRE_HTTP__HOST", "a b"),
        ("CAREWIRE_GATEWAY__HOST", "http://x"),
        ("CAREWIRE_HTTP__CORS_ORIGINS", "https://a.example,"),
        ("CAREWIRE_GATEWAY__CORS_ORIGINS", "https://a.example/app"),
        ("CAREWIRE_GATEWAY__CORS_ORIGINS", "a.example"),
        ("CAREWIRE_RAY__ADDRESS", "head"),
        ("CAREWIRE_CLUSTER__TLS_CERT", "/etc/carewire/node.pem"),  # without its key and the authority
        ("CAREWIRE_RAY__ADDRESS", "head:99999"),
        ("CAREWIRE_ML__GENERATOR__MENTIONS", "[0.8, 1.5, 2.6, 4.5, Infinity]"),
        ("CAREWIRE_ML__GENERATOR__MENTION_SHARES", "[2, -1]"),
        ("CAREWIRE_ML__TRAINING__HIDDEN", "[0, 96]"),
        ("CAREWIRE_GATEWAY__PING_INTERVAL_S", "1e-9"),
        ("CAREWIRE_KERNEL__LEASE_RENEWAL_S", "1e-300"),
        ("CAREWIRE_GATEWAY__SEND_BUFFER_BYTES", str(1 << 31)),
    ],
)
def test_what_no_process_could_work_with(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(name, value, monkeypatch)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAREWIRE_AUTH__JWKS_URL", "https://issuer.example/.well-known/jwks.json"),
        ("CAREWIRE_MONGO__URL", "mongodb+srv://db.example/"),
        ("CAREWIRE_MONGO__DATABASE", "carewire-2"),
        ("CAREWIRE_HTTP__HOST", "::"),
        ("CAREWIRE_HTTP__CORS_ORIGINS", "https://a.example:8443,capacitor://localhost"),
        ("CAREWIRE_RAY__ADDRESS", "auto"),
        ("CAREWIRE_RAY__ADDRESS", "[::1]:6379"),
    ],
)
def test_what_works_passes(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    load_settings()


def test_an_env_file_that_is_no_text_is_one_line() -> None:
    Path(".env").write_bytes(b"CAREWIRE_HTTP__HOST=\xff\xfe\n")
    with pytest.raises(StartupError, match=r"\.env cannot be read \(it is not UTF-8\)"):
        load_settings()
