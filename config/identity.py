"""Settings of identity: issuers, accounts of our own, and the keys of what is stored."""

from typing import Annotated, Literal

from pydantic import Field

from config.section import SettingsSection
from config.values import HttpUrl, Secret
from config.wellknown import KnownAs


class AuthSettings(SettingsSection):
    """Tokens: whose are accepted."""

    secret: Annotated[Secret | None, KnownAs("JWT_SECRET")] = Field(
        default=None, description="HS256 secret, at least 32 bytes. Unset: generated into the data directory."
    )
    jwks_url: HttpUrl | None = Field(default=None, description="JWKS of an external issuer (RS256, ES256).")
    issuer: str | None = Field(default=None, description="Required `iss`, when set.")
    audience: str | None = Field(default=None, description="Required `aud`, when set.")
    leeway_s: float = Field(default=5.0, ge=0, le=300, description="Clock skew tolerated in `exp` and `nbf`.")


class IdentitySettings(SettingsSection):
    """Carewire's own accounts. They exist beside those of another issuer."""

    access_ttl_s: float = Field(default=900.0, ge=10, le=86400, description="Life of an access token, seconds.")
    session_ttl_d: float = Field(default=60.0, gt=0, description="Days after which an unused session ends.")
    invitation_ttl_h: float = Field(default=168.0, gt=0, description="Hours that an invitation is good.")
    code_ttl_m: float = Field(default=15.0, gt=0, description="Minutes that a one-time code is good.")
    code_attempts: int = Field(default=5, ge=1, description="Wrong tries after which a one-time code is void.")
    max_sessions: int = Field(
        default=50, ge=1, description="Sessions of one user; the oldest ends when one more begins."
    )
    min_password_chars: int = Field(default=10, ge=8, le=128, description="Shortest password.")
    argon2_memory_kib: int = Field(default=65536, ge=8, le=1 << 22, description="Memory of one password hash, KiB.")
    argon2_passes: int = Field(default=3, ge=1, le=100, description="Passes of one password hash.")
    hash_threads: int = Field(default=2, ge=1, le=32, description="Passwords hashed at once in one process.")
    max_waiting_hashes: int = Field(default=64, ge=1, description="Passwords that may wait to be hashed.")
    free_attempts: int = Field(default=5, ge=1, description="Wrong passwords before an account and address must wait.")
    free_attempts_ip: int = Field(default=20, ge=1, description="Wrong passwords before an address must wait.")
    free_attempts_account: int = Field(
        default=50, ge=1, description="Wrong passwords from anywhere before devices never seen must wait."
    )
    first_delay_s: float = Field(default=1.0, gt=0, description="First delay of a lockout; each failure doubles it.")
    longest_delay_s: float = Field(default=900.0, gt=0, description="Longest delay of a lockout.")
    direct_rooms: Literal["anyone", "care_relationship", "conversations"] = Field(
        default="anyone",
        description="Who may open a direct room with whom; `conversations`: nobody, people begin conversations.",
    )
    break_glass_max_m: float = Field(default=60.0, gt=0, description="Longest break-glass access, minutes.")
    outbox: Literal["log", "database"] = Field(
        default="database",
        description="Where messages to people go: the `outbox` collection, or also the log (development).",
    )


class EncryptionSettings(SettingsSection):
    """Encryption at rest."""

    master_keys: Secret | None = Field(
        default=None,
        description=(
            "`id:base64(32 bytes)` of the master keys, comma-separated, newest first. "
            "Unset: generated into the data directory."
        ),
    )
