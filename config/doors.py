"""The two doors, the REST API and the Socket.IO front, and how much may come through them."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from config.section import SettingsSection
from config.values import Host, HttpUrl, Origin, Secret


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class HttpSettings(SettingsSection):
    """The REST API."""

    host: Host = Field(default="127.0.0.1", description="Address of the REST API.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the REST API, /docs, /health and /metrics.")
    public_url: HttpUrl | None = Field(
        default=None, description="Where people reach the app: links in mail point there. Unset: mail has no links."
    )
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
            "Bearer token for /metrics, /openapi.json, /asyncapi.json and the parts of /health, at least 32 bytes. "
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
        default=10.0,
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


class GatewaySettings(SettingsSection):
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


class LimitSettings(SettingsSection):
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
