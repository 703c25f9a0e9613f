"""The one settings tree. Read once, at the composition root; every other module is handed the part it needs.

Values come from the environment (`CAREWIRE_` prefix, `__` between levels) or from `.env`; every default runs.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.net.tls import NodeTls, mutual_tls
from common.ports import PortRange, port_range
from config.files import FilesSettings
from config.ml import MlSettings
from config.section import Section, refuse_empty, within_unit
from config.values import DatabaseName, Host, HttpUrl, MongoUrl, Origin, RayAddress, Secret


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class HttpSettings(Section):
    """The REST API."""

    host: Host = Field(default="127.0.0.1", description="Address of the REST API.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the REST API, /docs, /health and /metrics.")
    max_body_bytes: int = Field(default=2 << 20, ge=1024, description="Largest request body, calendars too.")
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        default=("*",), description="Origins that browsers may call from, comma-separated (no cookies are used)."
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=8, description="Proxies in front that append to X-Forwarded-For; 0 ignores that header."
    )
    idempotency_h: float = Field(default=24.0, gt=0, description="Hours that the answer to an Idempotency-Key is kept.")
    operations_token: Secret | None = Field(
        default=None,
        description=(
            "Bearer token for /metrics, /openapi.json and the parts of /health, at least 32 bytes. "
            "Unset: only this machine and administrators see them."
        ),
    )
    max_header_bytes: int = Field(
        default=32 * 1024, ge=4096, le=1 << 20, description="Most bytes of a request's address and headers together."
    )
    max_headers: int = Field(default=100, ge=16, le=1000, description="Most headers of a request.")
    max_url_bytes: int = Field(default=8192, ge=1024, le=65536, description="Longest address of a request.")
    header_timeout_s: float = Field(
        default=10.0, gt=0, allow_inf_nan=False, description="Seconds in which a request's headers must have arrived."
    )
    body_timeout_s: float = Field(
        default=20.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds in which a request's body must have arrived; one more for each 1024 bytes that came.",
    )
    write_timeout_s: float = Field(
        default=20.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds after which a client that takes less than 1024 bytes a second of its answer is cut.",
    )
    max_connections: int = Field(
        default=10_000, ge=1, description="Connections of one replica; fewer where it may open fewer files."
    )
    max_connections_per_address: int = Field(
        default=1000, ge=1, description="The same from one address (not counted behind trusted proxies)."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return _split(value)


class GatewaySettings(Section):
    """The Socket.IO front."""

    host: Host = Field(default="127.0.0.1", description="Address of the Socket.IO front.")
    port: int = Field(
        default=8001, ge=1, le=65535, description="Port of the Socket.IO front; every gateway of a node shares it."
    )
    replicas: int = Field(default=1, ge=1, le=256, description="Gateways (processes) to run; the fewest, if more may.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=256, description="Most gateways, when sockets need them. Unset: always `replicas`."
    )
    sockets_per_replica: int = Field(
        default=4000, ge=1, description="Sockets that one gateway should hold; where more come, another one is added."
    )
    upscale_delay_s: float = Field(
        default=10.0, ge=0, description="Seconds that more gateways must have been needed before they are added."
    )
    downscale_delay_s: float = Field(
        default=300.0, ge=0, description="Seconds that fewer gateways must have sufficed before one is drained."
    )
    max_message_bytes: int = Field(
        default=64 * 1024, ge=1024, description="Largest event payload accepted from a client."
    )
    auth_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds that a connection without a token has to authenticate."
    )
    expiry_warning_s: float = Field(
        default=60.0, ge=0, description="Seconds before expiry at which a socket is told to refresh its token."
    )
    ping_interval_s: float = Field(default=25.0, gt=0, description="Seconds between Engine.IO pings.")
    ping_timeout_s: float = Field(default=20.0, gt=0, description="Seconds to wait for a pong.")
    drain_s: float = Field(
        default=5.0, ge=0, description="Seconds over which a draining gateway spreads its clients' reconnects."
    )
    max_recovered_events: int = Field(
        default=500, ge=1, description="Most events that one recovery replays; older ones are a `gap`."
    )
    max_rooms_per_socket: int = Field(default=1000, ge=1, description="Rooms that one socket may have joined.")
    max_in_flight: int = Field(
        default=1000, ge=1, description="Events of one socket that may wait for their answers; more are `overloaded`."
    )
    max_inbound_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Events of all sockets that may wait for their answers, bytes; more are `overloaded`.",
    )
    max_buffered_bytes: int = Field(
        default=512 * 1024,
        ge=64 * 1024,
        description="Bytes that may wait for one socket; more, and it is closed.",
    )
    send_buffer_bytes: int = Field(
        default=128 * 1024,
        ge=16 * 1024,
        le=1 << 30,
        description="Bytes that the kernel may keep for one socket besides (SO_SNDBUF; Linux doubles it).",
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=8, description="Proxies in front that append to X-Forwarded-For; 0 ignores that header."
    )
    max_invalid_events: int = Field(
        default=500, ge=1, description="Invalid events in a minute after which a socket is closed."
    )
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        default=("*",),
        description="Origins that browsers may connect from, comma-separated; with `*`, never with credentials.",
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return _split(value)

    @property
    def any_origin(self) -> bool:
        """May pages of every origin connect? Then without credentials: they show a token, or they are nobody."""
        return "*" in self.cors_origins

    @model_validator(mode="after")
    def _most_is_not_fewer(self) -> Self:
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError("gateway.max_replicas must be at least gateway.replicas")
        return self

    @property
    def elastic(self) -> bool:
        """May the number of gateways change by itself?"""
        return self.max_replicas is not None and self.max_replicas > self.replicas


class MongoSettings(Section):
    """The database."""

    url: MongoUrl | None = Field(default=None, description="MongoDB to use (a replica set). Unset: an embedded one.")
    database: DatabaseName = Field(default="carewire", description="Database name.")
    port: int = Field(default=27117, ge=1, le=65535, description="Port of the embedded mongod (127.0.0.1 only).")
    binary: str | None = Field(
        default=None, description="Path of the mongod to embed. Unset: the PATH, then the bundled package."
    )
    cache_gb: float = Field(default=0.25, ge=0.25, description="WiredTiger cache of the embedded mongod, GB.")
    timeout_s: float = Field(default=5.0, gt=0, description="Time limit of one database operation.")


class AuthSettings(Section):
    """Tokens: whose are accepted."""

    secret: Secret | None = Field(
        default=None, description="HS256 secret, at least 32 bytes. Unset: generated into the data directory."
    )
    jwks_url: HttpUrl | None = Field(default=None, description="JWKS of an external issuer (RS256, ES256).")
    issuer: str | None = Field(default=None, description="Required `iss`, when set.")
    audience: str | None = Field(default=None, description="Required `aud`, when set.")
    leeway_s: float = Field(default=5.0, ge=0, le=300, description="Clock skew tolerated in `exp` and `nbf`.")


class IdentitySettings(Section):
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
    direct_rooms: Literal["anyone", "care_relationship"] = Field(
        default="anyone", description="Who may open a direct room with whom."
    )
    break_glass_max_m: float = Field(default=60.0, gt=0, description="Longest break-glass access, minutes.")
    outbox: Literal["log", "database"] = Field(
        default="database",
        description="Where messages to people go: the `outbox` collection, or also the log (development).",
    )


class EncryptionSettings(Section):
    """Encryption at rest."""

    master_keys: Secret | None = Field(
        default=None,
        description=(
            "`id:base64(32 bytes)` of the master keys, comma-separated, newest first. "
            "Unset: generated into the data directory."
        ),
    )


class ClusterSettings(Section):
    """How processes of Carewire reach each other."""

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


class RaySettings(Section):
    """The Ray cluster."""

    address: RayAddress | None = Field(
        default=None, description="Ray cluster to join. Unset: start one on this machine."
    )
    dashboard_port: int = Field(default=8265, ge=1, le=65535, description="Port of the Ray dashboard.")
    object_store_mb: int = Field(default=100, ge=80, description="Ray object store of a cluster started here, MB.")


class KernelSettings(Section):
    """Shards, regions and what lies between them. Durations of the leases follow design: 2 s renewals, 6 s void."""

    room_shards: int = Field(default=2, ge=1, le=64, description="Shards (processes) of rooms and inboxes.")
    calendar_shards: int = Field(
        default=1, ge=1, le=64, description="Shards (processes) of calendars, bookings and the waitlist."
    )
    lease_s: float = Field(default=6.0, gt=0, description="Life of a shard's lease without renewal.")
    lease_renewal_s: float = Field(default=2.0, gt=0, description="Seconds between renewals.")
    wait_for_leases: bool = Field(
        default=False,
        description="A start waits while others serve from the same database, instead of being refused.",
    )
    linger_ms: float = Field(
        default=5.0, ge=0, le=100, description="Least time between two turns, and between two batches to a shard."
    )
    max_batch_bytes: int = Field(
        default=90_000, ge=1000, le=100_000, description="Largest batch from a region to a shard."
    )
    max_turn_bytes: int = Field(default=1_000_000, ge=100_000, description="Most bytes of one entity in one turn.")
    max_queued: int = Field(
        default=20_000, ge=1, description="Commands that may wait in a shard, and in a region for one shard."
    )
    max_queued_per_entity: int = Field(default=5_000, ge=1, description="Commands that may wait for one entity.")
    retry_deadline_s: float = Field(
        default=10.0, gt=0, description="How long a region retries a command before `unavailable`."
    )
    subscriber_lease_s: float = Field(
        default=10.0, gt=0, description="Silence after which a shard forgets a subscriber."
    )
    fetch_wait_s: float = Field(default=2.0, gt=0, description="How long a fetch waits for something to deliver.")
    max_buffered_bytes: int = Field(
        default=8_000_000,
        ge=100_000,
        description="Deliveries that may wait for one subscriber; more, and it must catch up from the journal.",
    )
    max_replayed_events: int = Field(
        default=5000, ge=1, description="Events replayed to a subscriber that comes back; older ones are a `gap`."
    )
    snapshot_every: int = Field(default=200, ge=1, description="Turns between two snapshots of an entity.")
    passivate_after_s: float = Field(
        default=300.0, gt=0, description="Idle seconds after which an entity leaves memory."
    )
    max_active: int = Field(default=50_000, ge=1, description="Entities that one shard keeps in memory.")

    @model_validator(mode="after")
    def _lease_outlives_lost_renewals(self) -> Self:
        if self.lease_s < 2 * self.lease_renewal_s:
            raise ValueError("kernel.lease_s must be at least twice kernel.lease_renewal_s")
        return self


class RoomSettings(Section):
    """Bounds of a room."""

    max_members: int = Field(default=5000, ge=2, description="Members of one room.")
    max_title_chars: int = Field(default=200, ge=1, description="Length of a room's title.")
    max_reactions: int = Field(default=20, ge=1, description="Different emoji on one message.")
    max_attachments: int = Field(default=10, ge=0, description="Attachments of one message.")
    max_edits: int = Field(default=100, ge=1, description="Times that one message may be edited.")
    typing_ttl_s: float = Field(default=6.0, gt=0, description="Seconds after which typing stops by itself.")


class PresenceSettings(Section):
    """Who is online. The promise: offline 5 s after the last device left, at most 20 s after a gateway died."""

    shards: int = Field(default=1, ge=1, le=64, description="Shards (processes) of presence. Users are spread evenly.")
    grace_s: float = Field(
        default=5.0, ge=0, description="Seconds without a device before a user is offline: a reload is not an absence."
    )
    gateway_lease_s: float = Field(
        default=10.0, gt=0, description="Silence after which a gateway, and every device there, is taken for gone."
    )
    tick_ms: float = Field(
        default=50.0, ge=0, le=1000, description="Least time between two reports of a gateway, and two answers to it."
    )
    fetch_wait_s: float = Field(default=2.0, gt=0, description="How long a gateway's fetch waits for news.")
    settle_s: float = Field(
        default=2.5, ge=0, description="Time that gateways have to report to a new shard before it calls users offline."
    )
    patience_s: float = Field(default=8.0, gt=0, description="How long a request is tried before `unavailable`.")
    max_watched: int = Field(default=2000, ge=1, description="Users that one socket may watch.")

    @model_validator(mode="after")
    def _a_lost_fetch_is_normal(self) -> Self:
        if self.gateway_lease_s < 2 * self.fetch_wait_s:
            raise ValueError("presence.gateway_lease_s must be at least twice presence.fetch_wait_s")
        return self


class LimitSettings(Section):
    """Rate limits."""

    enabled: bool = Field(default=True, description="Rate limits. Turn them off for benchmarks only.")
    user_per_minute: int = Field(default=600, ge=1, description="REST requests of one user in a minute.")
    ip_per_minute: int = Field(default=600, ge=1, description="REST requests without a good token, of one address.")
    open_per_minute: int = Field(
        default=240, ge=1, description="Requests outside of /api/ (documentation, health, metrics) of one address."
    )
    sign_in_per_minute: int = Field(
        default=60, ge=1, description="Registrations, logins, refreshes and resets of one address in a minute."
    )
    messages_per_s: float = Field(default=50, gt=0, description="Messages, edits and reactions of one user, by socket.")
    signals_per_s: float = Field(default=50, gt=0, description="Typing, read marks and statuses of one user.")
    reads_per_s: float = Field(default=25, gt=0, description="Joins, histories, lists and watches of one user.")
    writes_per_s: float = Field(default=25, gt=0, description="Changes of rooms and bookings of one user, by socket.")
    connects_per_s: float = Field(default=10, gt=0, description="Connections of one user.")
    burst_s: float = Field(default=40, ge=1, description="Seconds' worth of these that may come at once.")
    address_factor: float = Field(
        default=100, ge=1, description="An address may do as much as so many users: they may share it."
    )
    refusals_per_s: float = Field(
        default=100, gt=0, description="Tokens of one address that a gateway refuses; then it looks at none of them."
    )
    refusal_lines_per_s: int = Field(
        default=10,
        ge=1,
        le=100_000,
        description="Lines a second in a gateway's log about refused tokens; others are counted.",
    )
    handshakes_per_s: float = Field(
        default=1000, gt=0, description="Connections that one gateway lets in; others are told when to come back."
    )
    address_handshakes_per_s: float = Field(default=500, gt=0, description="The same from one address.")
    handshakes_under_way: int = Field(
        default=1000, ge=1, description="Connections that one gateway works on at once, recovery included."
    )


class LogSettings(Section):
    """Logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level to write."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Of what commands log to stderr. `auto`: readable on a terminal, JSON elsewhere. "
        "Files are JSON always.",
    )


class Settings(BaseSettings):
    """The whole tree. `carewire settings` prints the one in force, secrets masked."""

    model_config = SettingsConfigDict(
        env_prefix="CAREWIRE_",
        env_nested_delimiter="__",
        env_file=".env",
        dotenv_filtering="only_existing",  # what else stands there is not ours; `config.loading` finds misspelt names
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
    )

    data_dir: Path = Field(default=Path(".carewire"), description="Where the embedded database, secrets and logs live.")
    min_free_memory_mb: int = Field(
        default=1500, ge=0, description="Memory that must be free before Carewire starts, MB."
    )
    min_free_disk_mb: int = Field(
        default=50, ge=0, description="Disk that must be free where the data directory is before Carewire starts, MB."
    )
    http: HttpSettings = HttpSettings()
    gateway: GatewaySettings = GatewaySettings()
    mongo: MongoSettings = MongoSettings()
    auth: AuthSettings = AuthSettings()
    identity: IdentitySettings = IdentitySettings()
    encryption: EncryptionSettings = EncryptionSettings()
    ray: RaySettings = RaySettings()
    cluster: ClusterSettings = ClusterSettings()
    kernel: KernelSettings = KernelSettings()
    rooms: RoomSettings = RoomSettings()
    presence: PresenceSettings = PresenceSettings()
    ml: MlSettings = MlSettings()
    files: FilesSettings = FilesSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()

    @field_validator("data_dir", "min_free_memory_mb", "min_free_disk_mb", mode="before")
    @classmethod
    def _is_not_empty(cls, value: object) -> object:
        return refuse_empty(value)

    @field_validator("min_free_memory_mb", "min_free_disk_mb")
    @classmethod
    def _is_within_its_unit(cls, value: object) -> object:
        return within_unit(value, "mb")

    @model_validator(mode="after")
    def _the_range_of_ports_is_wide_enough_and_no_other_port_is_in_it(self) -> Self:
        ports = self.cluster.port_range
        if ports is None:
            return self
        fixed = {
            "http.port": self.http.port,
            "gateway.port": self.gateway.port,
            "mongo.port": self.mongo.port,
            "ray.dashboard_port": self.ray.dashboard_port,
        }
        if inside := [name for name, port in fixed.items() if port in ports]:
            raise ValueError(f"cluster.ports {ports} must not contain {inside[0]}")
        if len(ports) < self.listeners_inside:
            raise ValueError(
                f"cluster.ports {ports} must be {self.listeners_inside} ports or more, with these settings"
            )
        return self

    @property
    def listeners_inside(self) -> int:
        """Ports that one machine needs for processes that reach each other, when it hosts all of them: one a shard,
        two a gateway (figures, and other gateways' requests), one the REST API, one a predictor."""
        shards = self.kernel.room_shards + self.kernel.calendar_shards + self.presence.shards
        return shards + 2 * (self.gateway.max_replicas or self.gateway.replicas) + 1 + self.ml.replicas_max
