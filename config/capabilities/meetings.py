"""Video meetings: when one may be in them, how long things last, and where media goes when our own unit fails."""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from config.section import SettingsSection
from config.values import HttpUrl

_TEXT: Final = (
    "This conversation is to be recorded, sound and picture, for those who take part in it. You may refuse, and you "
    "may take your consent back at any time: the recording ends then."
)
SocketUrl = Annotated[str, StringConstraints(pattern=r"^(wss?|https?)://\S+$")]
IceUrls = Annotated[str, StringConstraints(pattern=r"^(stuns?|turns?):[^\s,]+(,\s*(stuns?|turns?):[^\s,]+)*$")]


class MeetingSettings(SettingsSection):
    """Meetings."""

    join_early_s: float = Field(default=600.0, ge=0, description="Seconds before its start that a meeting opens.")
    join_late_s: float = Field(default=1800.0, ge=0, description="Seconds after its end that it closes.")
    seat_s: float = Field(default=60.0, gt=0, description="Seconds that the place of somebody who was lost is kept.")
    empty_s: float = Field(default=300.0, gt=0, description="Seconds without anybody after which a meeting ends.")
    ticket_s: float = Field(default=120.0, ge=10, le=3600, description="Life of a ticket to media, seconds.")
    consent_s: float = Field(
        default=60.0, gt=0, description="Seconds in which everybody must have agreed to a recording."
    )
    evidence_wait_s: float = Field(
        default=60.0, ge=0, description="Seconds after the end of a meeting in which reports of it still count."
    )
    fallback_after_s: float = Field(
        default=8.0, gt=0, description="Seconds without a media worker after which a meeting goes elsewhere."
    )
    recording_days: int = Field(
        default=30, ge=1, le=3650, description="Days that a recording is kept, unless it is held."
    )
    require_payment: bool = Field(default=False, description="Nobody enters a session whose bill is due and open.")
    consent_text: str = Field(
        default=_TEXT, max_length=4000, description="What people are asked before they are recorded."
    )


class TurnSettings(SettingsSection):
    """Relays for those whose networks let nothing else through."""

    urls: IceUrls | None = Field(default=None, description="Their addresses, with commas: turn:, turns:, stun:.")
    secret: SecretStr | None = Field(default=None, description="What they share with us (coturn: static-auth-secret).")
    ttl_s: int = Field(default=600, ge=60, le=86400, description="Life of credentials, seconds.")
    embedded: bool = Field(default=False, description="Start a turnserver of the PATH on 127.0.0.1, for development.")
    port: int = Field(default=3478, ge=1, le=65535, description="Its port.")


class JitsiSettings(SettingsSection):
    """A Jitsi that takes our tokens: where meetings go when our own unit fails."""

    url: HttpUrl | None = Field(default=None, description="Its address. Unset: there is none.")
    app_id: str = Field(default="carewire", description="`iss` of tokens.")
    secret: SecretStr | None = Field(default=None, description="What tokens are signed with (HS256).")
    private_key: Path | None = Field(default=None, description="File of the RSA key to sign with instead (RS256).")
    key_id: str | None = Field(default=None, description="`kid` of that key.")
    audience: str = Field(default="jitsi", description="`aud` of tokens.")
    domain: str | None = Field(default=None, description="`sub` of tokens. Unset: the host of the address.")

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.url is not None and (self.secret is None) == (self.private_key is None):
            raise ValueError("jitsi takes a secret or a private_key, and one of the two")
        return self


class LivekitSettings(SettingsSection):
    """A LiveKit server: where meetings go when there is no Jitsi."""

    url: SocketUrl | None = Field(default=None, description="Its address. Unset: there is none.")
    api_key: str | None = Field(default=None, description="The key that it knows us by.")
    api_secret: SecretStr | None = Field(default=None, description="What tokens are signed with.")
    earlier_key: str | None = Field(
        default=None, description="The key before, while webhooks are signed with it still."
    )
    earlier_secret: SecretStr | None = Field(default=None, description="Its secret.")

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.url is not None and (self.api_key is None or self.api_secret is None):
            raise ValueError("livekit takes an api_key and an api_secret")
        if self.url is not None and (self.earlier_key is None) != (self.earlier_secret is None):
            raise ValueError("livekit takes an earlier_key and its earlier_secret, or neither")
        return self

    @property
    def earlier(self) -> tuple[tuple[str, str], ...]:
        """Key and secret from before, if there are any."""
        if self.earlier_key is None or self.earlier_secret is None:
            return ()
        return ((self.earlier_key, self.earlier_secret.get_secret_value()),)
