"""Mail: who delivers it, and whom it is from."""

from email.utils import parseaddr
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from config.section import SettingsSection
from config.wellknown import KnownAs

Tls = Literal["none", "starttls", "implicit", "offered"]
_TLS: Final[dict[str, Tls]] = {"none": "none", "starttls": "starttls", "implicit": "implicit"}
_PORTS: Final[dict[Tls, int]] = {"none": 25, "starttls": 587, "implicit": 465, "offered": 587}
_PROVIDERS: Final = ("smtp", "smtp_backup", "sendgrid", "mailgun")
_HOW: Final = "should be smtp://[user:password@]host:port[?tls=none|starttls|implicit]"


class SmtpServer(NamedTuple):
    """An SMTP server. `tls` "offered": STARTTLS where the server has it."""

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
    return SmtpServer(host=parts.hostname, port=port or _PORTS[tls], user=user, password=password, tls=tls)


def _check_smtp_url(url: SecretStr) -> SecretStr:
    smtp_server(url.get_secret_value())
    return url


def _check_sender(sender: str) -> str:
    _, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    if not local or not domain or not sender.isprintable() or not address.isascii():
        raise ValueError("should be an address, or a name and one: Carewire <mail@example.org>")
    return sender


def listed(text: str) -> tuple[str, ...]:
    """The parts of a setting that lists things with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


class EmailSettings(SettingsSection):
    """Mail."""

    providers: str = Field(
        default="smtp,smtp_backup,sendgrid,mailgun",
        description="In which order providers are asked, of those that are configured.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)] | None = Field(
        default=None,
        description=(
            "Where mail goes: smtp://[user:password@]host:port[?tls=none|starttls|implicit]. "
            "No provider at all: it is kept, and printed in development."
        ),
    )
    smtp_backup_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)] | None = Field(
        default=None, description="A second mail server, as the first."
    )
    sendgrid_key: Annotated[SecretStr | None, KnownAs("SENDGRID_API_KEY")] = Field(
        default=None, description="Key of SendGrid's API."
    )
    sendgrid_url: str = Field(default="https://api.sendgrid.com", description="Where SendGrid's API is.")
    sendgrid_webhook_keys: str | None = Field(
        default=None, description="Public keys that SendGrid signs its events with (base64), with commas."
    )
    mailgun_key: SecretStr | None = Field(default=None, description="Key of Mailgun's API.")
    mailgun_domain: str | None = Field(default=None, description="Domain that Mailgun sends for.")
    mailgun_url: str = Field(default="https://api.mailgun.net", description="Where Mailgun's API is.")
    mailgun_signing_keys: SecretStr | None = Field(
        default=None, description="Keys that Mailgun signs its webhooks with, with commas."
    )
    from_: Annotated[str, AfterValidator(_check_sender)] = Field(
        default="Carewire <carewire@localhost>",
        validation_alias="from",
        description="Whom mail is from: an address, or a name and one.",
    )

    @field_validator("providers")
    @classmethod
    def _are_known(cls, text: str) -> str:
        names = listed(text)
        if unknown := [name for name in names if name not in _PROVIDERS]:
            raise ValueError(f"should list some of {', '.join(_PROVIDERS)}, with commas; not {unknown[0]}")
        if len(set(names)) != len(names):
            raise ValueError("should list no provider twice")
        return text

    @property
    def servers(self) -> dict[str, SmtpServer]:
        """The mail servers that are configured, by the name of their provider."""
        urls = {"smtp": self.smtp_url, "smtp_backup": self.smtp_backup_url}
        return {name: smtp_server(url.get_secret_value()) for name, url in urls.items() if url is not None}

    @property
    def configured(self) -> tuple[str, ...]:
        """The providers that are asked, in their order."""
        has = {
            **dict.fromkeys(self.servers, True),
            "sendgrid": self.sendgrid_key is not None,
            "mailgun": self.mailgun_key is not None and self.mailgun_domain is not None,
        }
        return tuple(name for name in listed(self.providers) if has.get(name))
