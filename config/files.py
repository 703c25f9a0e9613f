"""Where large pieces of bytes are kept."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from config.section import Section
from config.values import HttpUrl


class FilesSettings(Section):
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

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Self:
        if self.storage == "s3" and self.s3_bucket is None:
            raise ValueError("CAREWIRE_FILES__S3_BUCKET is needed where CAREWIRE_FILES__STORAGE is s3")
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            raise ValueError("CAREWIRE_FILES__S3_ACCESS_KEY and __S3_SECRET_KEY are set together, or not at all")
        return self
