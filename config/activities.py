"""Calls to partners, and the partners themselves."""

from email.utils import parseaddr
from typing import Annotated, Final, Literal, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.section import Section

Tls = Literal["none", "starttls", "implicit", "offered"]
_TLS: Final[dict[str, Tls]] = {"none": "none", "starttls": "starttls", "implicit": "implicit"}
_PORTS: Final[dict[Tls, int]] = {"none": 25, "starttls": 587, "implicit": 465, "offered": 587}
_HOW: Final = "should be smtp://[user:password@]host:port[?tls=none|starttls|implicit]"


class SmtpServer(NamedTuple):
    """Where mail goes. `tls` "offered": STARTTLS where the server has it."""

    host: str
    port: int
    user: str
    password: str
    tls: Tls


def smtp_server(url: str) -> SmtpServer:
    """The server that a URL names. User and password are percent-encoded in it.

    Raises:
        ValueError: it names none. The message does not repeat it: there may be a password in it.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        port = parts.port
    except ValueError:
        raise ValueError(_HOW) from None
    tls: Tls | None = _TLS.get(query.pop("tls", ""), "offered" if "tls=" not in parts.query else None)
    if parts.scheme != "smtp" or not parts.hostname or parts.path.strip("/") or parts.fragment or query or tls is None:
        raise ValueError(_HOW)
    if port == 0 or bool(parts.username) != bool(parts.password) or any(map(str.isspace, url)):
        raise ValueError(_HOW)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(parts.hostname, port or _PORTS[tls], user, password, tls)


def _check_smtp_url(url: SecretStr) -> SecretStr:
    smtp_server(url.get_secret_value())
    return url


def _check_sender(sender: str) -> str:
    _, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    if not local or not domain or not sender.isprintable() or not address.isascii():
        raise ValueError("should be an address, or a name and one: Carewire <mail@example.org>")
    return sender


class ActivitySettings(Section):
    """How calls to partners are made, and made again."""

    runners: int = Field(default=1, ge=0, le=64, description="Processes that carry activities out (activities-0, ...).")
    keep_s: float = Field(
        default=20.0,
        gt=0,
        le=45,
        description="Seconds that a shard keeps an activity that does not succeed; then it is parked.",
    )
    first_retry_s: float = Field(
        default=0.5, gt=0, description="Longest pause before the second attempt; each further one may be twice as long."
    )
    longest_retry_s: float = Field(default=300.0, gt=0, description="Longest pause between two attempts.")
    breaker_failures: int = Field(
        default=5, ge=1, description="Failures of a partner in a row after which it is not called for a while."
    )
    breaker_pause_s: float = Field(default=10.0, gt=0, description="Seconds that such a partner is left alone.")

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.longest_retry_s < self.first_retry_s:
            raise ValueError("activities.longest_retry_s must not be shorter than activities.first_retry_s")
        return self


class EmailSettings(Section):
    """Mail."""

    smtp_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)] | None = Field(
        default=None,
        description=(
            "Where mail goes: smtp://[user:password@]host:port[?tls=none|starttls|implicit]. "
            "Unset: it is kept, and printed in development."
        ),
    )
    from_: Annotated[str, AfterValidator(_check_sender)] = Field(
        default="Carewire <carewire@localhost>",
        validation_alias="from",
        description="Whom mail is from: an address, or a name and one.",
    )

    @property
    def server(self) -> SmtpServer | None:
        """Where mail goes; None: nowhere."""
        return None if self.smtp_url is None else smtp_server(self.smtp_url.get_secret_value())
