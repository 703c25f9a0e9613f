"""Push: the keys and accounts that services know us by."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from config.section import SettingsSection

_KEY_BYTES: Final = 32
_HOSTS: Final = "fcm.googleapis.com,push.services.mozilla.com,push.apple.com,notify.windows.com"


def _check_keys(keys: SecretStr) -> SecretStr:
    for one in keys.get_secret_value().split(","):
        id_, _, key = one.strip().partition(":")
        try:
            whole = len(base64.b64decode(key + "=" * (-len(key) % 4), b"-_", validate=True)) == _KEY_BYTES
        except binascii.Error:
            whole = False
        if not whole or not id_.isalnum():
            raise ValueError("should be id:key, with commas; a key is 32 bytes of base64url")
    return keys


class PushSettings(SettingsSection):
    """Push. A service that nothing is set for is not used; browsers need no account."""

    vapid_keys: Annotated[SecretStr, AfterValidator(_check_keys)] | None = Field(
        default=None,
        description="Keys that browsers know us by: id:base64url of 32 bytes, with commas, the newest first. "
        "Unset: one is made.",
    )
    vapid_subject: str | None = Field(
        default=None,
        description="Where browsers' services can write to: mailto: or https:. Unset: the sender of mails.",
    )
    webpush_hosts: str = Field(
        default=_HOSTS,
        description="Hosts of browsers' services (and those below them) that are called, with commas; host:port for "
        "another port than 443.",
    )
    fcm_credentials: Path | None = Field(default=None, description="File with the service account of Firebase.")
    fcm_url: str = Field(default="https://fcm.googleapis.com", description="Where Firebase Cloud Messaging is.")
    apns_key: Path | None = Field(default=None, description="File with the key of Apple's push service (.p8).")
    apns_key_id: str | None = Field(default=None, description="Its id: ten characters.")
    apns_team_id: str | None = Field(default=None, description="The team's id: ten characters.")
    apns_topic: str | None = Field(default=None, description="The app's bundle id.")
    apns_url: str = Field(
        default="https://api.push.apple.com", description="Where Apple's push service is, for apps of the store."
    )
    apns_sandbox_url: str = Field(
        default="https://api.sandbox.push.apple.com",
        description="Where it is for development builds.",
    )
    prove_tokens: bool = Field(
        default=False,
        description="Apps show that they hold the token that they register: they repeat what they are pushed. Until "
        "then no text is pushed to them; a device that does not within a day is told nothing.",
    )
    ca_file: Path | None = Field(
        default=None, description="Authorities to trust with these services, instead of the system's."
    )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of browsers' services."""
        return tuple(host.strip().lower() for host in self.webpush_hosts.split(",") if host.strip())

    @property
    def apns(self) -> tuple[Path, str, str, str] | None:
        """Apple's key file, its id, the team and the topic. None: not all of them are set."""
        key, key_id, team_id, topic = self.apns_key, self.apns_key_id, self.apns_team_id, self.apns_topic
        if key is None or key_id is None or team_id is None or topic is None:
            return None
        return key, key_id, team_id, topic
