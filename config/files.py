"""Settings of the storage of files."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from config.section import SettingsSection
from config.values import HttpUrl

KNOWN_TYPES: Final = (
    *("image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"),
    *("application/pdf", "text/plain", "application/rtf"),
    *("audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4", "audio/aac"),
    *("video/mp4", "video/webm", "video/quicktime", "video/ogg"),
    *("application/zip", "application/gzip", "application/x-tar"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
)
"""What people send each other. Programs, pages and scripts are not among it."""


class FilesSettings(SettingsSection):
    """Storage of files. It is there whether or not people may send any: other capabilities keep documents in it."""

    storage: Literal["gridfs", "s3"] = Field(
        default="gridfs", description="Where the bytes of files lie, sealed: the database, or S3."
    )
    s3_url: HttpUrl | None = Field(default=None, description="Endpoint of what speaks S3. Unset: Amazon's.")
    s3_bucket: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Bucket; it must exist."
    )
    s3_region: str = Field(default="us-east-1", description="Region of the bucket.")
    s3_access_key: str | None = Field(
        default=None, description="Access key. Unset: found where Amazon's own tools find it."
    )
    s3_secret_key: SecretStr | None = Field(default=None, description="Secret of the access key.")
    upload_ttl_h: float = Field(
        default=24.0, gt=0, description="Hours after which an upload that nobody went on with is deleted."
    )

    max_bytes: int = Field(default=104_857_600, ge=1, description="Largest file that people may send, bytes.")
    quota_bytes: int = Field(default=5 << 30, ge=1, description="What a person's files may come to, bytes.")
    types: Annotated[tuple[str, ...], NoDecode] = Field(
        default=KNOWN_TYPES,
        min_length=1,
        description="Types that people may send, as their bytes show them, comma-separated.",
    )
    scan: Literal["off", "best_effort", "required"] = Field(
        default="best_effort",
        description="Whether files are scanned before people get them: never, where a scanner answers, or always.",
    )
    clamd: str | None = Field(
        default=None,
        pattern=r"^(tcp://[^/\s:]+:[0-9]{1,5}|unix:/\S+)$",
        description="Where clamd listens: tcp://host:port or unix:/path. Unset: there is no scanner.",
    )
    keep_originals: bool = Field(
        default=False, description="Whether the bytes of pictures are kept as they were sent, with all they tell."
    )

    @field_validator("types", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Self:
        if self.storage == "s3" and self.s3_bucket is None:
            raise ValueError("CAREWIRE_FILES__S3_BUCKET is needed where CAREWIRE_FILES__STORAGE is s3")
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            raise ValueError("CAREWIRE_FILES__S3_ACCESS_KEY and __S3_SECRET_KEY are set together, or not at all")
        return self
