"""Settings of the foundations: the database, Ray, the other processes and the logs."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from common.net.dsn import Dsn
from common.net.ports import PortRange, port_range
from common.net.tls import NodeTls, mutual_tls
from config.section import SettingsSection
from config.values import DatabaseName, MongoUrl, RayAddress
from config.wellknown import KnownAs


class MongoSettings(SettingsSection):
    """The database."""

    url: MongoUrl | None = Field(default=None, description="MongoDB to use (a replica set). Unset: an embedded one.")
    database: DatabaseName = Field(default="carewire", description="Database name.")
    port: int = Field(default=27117, ge=1, le=65535, description="Port of the embedded mongod (127.0.0.1 only).")
    binary: str | None = Field(
        default=None, description="Path of the mongod to embed. Unset: the PATH, then the bundled package."
    )
    cache_gb: float = Field(default=0.25, ge=0.25, description="WiredTiger cache of the embedded mongod, GB.")
    timeout_s: float = Field(default=5.0, gt=0, description="Time limit of one database operation.")


class ClusterSettings(SettingsSection):
    """Connections between the processes of Carewire."""

    ports: str | None = Field(
        default=None,
        description=(
            "Ports that shards, gateways and replicas listen on for each other, like 20000-20999. "
            "Unset: chosen by the system."
        ),
    )

    tls_cert: Path | None = Field(
        default=None,
        description=(
            "Certificate (PEM) that this node shows the others; with it and the next two, all that processes say "
            "to each other is TLS 1.3. Unset: not encrypted."
        ),
    )
    tls_key: Path | None = Field(default=None, description="Its private key (PEM, without a password).")
    tls_ca: Path | None = Field(
        default=None, description="Authority (PEM) that signed the certificates of all nodes, and of nobody else."
    )

    @field_validator("ports")
    @classmethod
    def _is_a_range(cls, value: str | None) -> str | None:
        return None if value is None else str(port_range(value))

    @property
    def port_range(self) -> PortRange | None:
        """`ports`, parsed."""
        return None if self.ports is None else port_range(self.ports)

    @field_validator("tls_cert", "tls_key", "tls_ca")
    @classmethod
    def _from_anywhere(cls, value: Path | None) -> Path | None:
        """Processes of Ray have working directories of their own."""
        return None if value is None else value.absolute()

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if len({path is None for path in (self.tls_cert, self.tls_key, self.tls_ca)}) > 1:
            raise ValueError("CAREWIRE_CLUSTER__TLS_CERT, __TLS_KEY and __TLS_CA are set together, or not at all")
        return self

    def node_tls(self) -> NodeTls | None:
        """TLS between processes, read from its files; None: they talk in the clear.

        Raises:
            StartupError: the files cannot be read, or do not belong together.
        """
        if self.tls_cert is None or self.tls_key is None or self.tls_ca is None:
            return None
        return mutual_tls(self.tls_cert, self.tls_key, self.tls_ca)


class RaySettings(SettingsSection):
    """The Ray cluster."""

    address: RayAddress | None = Field(
        default=None, description="Ray cluster to join. Unset: start one on this machine."
    )
    dashboard_port: int = Field(default=8265, ge=1, le=65535, description="Port of the Ray dashboard.")
    object_store_mb: int = Field(default=100, ge=80, description="Ray object store of a cluster started here, MB.")


class ClockSettings(SettingsSection):
    """The platform's time."""

    settable: bool = Field(
        default=False,
        description="Administrators may move the time that entities and timers go by: for tests and demonstrations. "
        "Refused where a live key of a payment provider is set.",
    )


class LogSettings(SettingsSection):
    """Logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level to write."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Of what commands log to stderr. `auto`: readable on a terminal, JSON elsewhere. "
        "Files are JSON always.",
    )
    sentry_dsn: Annotated[SecretStr | None, KnownAs("SENTRY_DSN")] = Field(
        default=None,
        description="Where faults are told, as `https://KEY@HOST/PROJECT`: their types and places, never what they "
        "quote. Unset: nowhere but in the logs.",
    )

    @field_validator("sentry_dsn")
    @classmethod
    def _is_a_dsn(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            Dsn.parse(value.get_secret_value())
        return value

    @property
    def faults_to(self) -> str | None:
        """`sentry_dsn`, in the clear."""
        return None if self.sentry_dsn is None else self.sentry_dsn.get_secret_value()
