"""Shards, regions and presence: how entities are hosted, and the bounds of rooms."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from config.section import SettingsSection


class KernelSettings(SettingsSection):
    """Shards, regions and what lies between them. Durations of the leases follow design: 2 s renewals, 6 s void."""

    room_shards: int = Field(default=2, ge=1, le=64, description="Shards (processes) of rooms and inboxes.")
    calendar_shards: int = Field(
        default=1, ge=1, le=64, description="Shards (processes) of calendars, bookings and the waitlist."
    )
    care_shards: int = Field(default=1, ge=1, le=64, description="Shards (processes) of care relationships.")
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

    @property
    def pools(self) -> Mapping[str, int]:
        """The number of shards of each pool."""
        return {"rooms": self.room_shards, "calendars": self.calendar_shards, "care": self.care_shards}

    @model_validator(mode="after")
    def _lease_outlives_lost_renewals(self) -> Self:
        if self.lease_s < 2 * self.lease_renewal_s:
            raise ValueError("kernel.lease_s must be at least twice kernel.lease_renewal_s")
        return self


class HelpContact(SettingsSection):
    """Whom to turn to while a conversation is not open."""

    title: str = Field(max_length=100, description="Who that is.")
    contact: str = Field(max_length=200, description="A telephone number, or an address.")


class RoomSettings(SettingsSection):
    """Bounds of a room."""

    max_members: int = Field(default=5000, ge=2, description="Members of one room.")
    max_title_chars: int = Field(default=200, ge=1, description="Length of a room's title.")
    max_reactions: int = Field(default=20, ge=1, description="Different emoji on one message.")
    max_attachments: int = Field(default=10, ge=0, description="Attachments of one message.")
    max_edits: int = Field(default=100, ge=1, description="Times that one message may be edited.")
    help: tuple[HelpContact, ...] = Field(
        default=(
            HelpContact(title="Emergency services", contact="112"),
            HelpContact(title="Telephone counselling, at any hour", contact="116 123"),
        ),
        description="Whom to turn to while a conversation is not open.",
    )
    typing_ttl_s: float = Field(default=6.0, gt=0, description="Seconds after which typing stops by itself.")


class PresenceSettings(SettingsSection):
    """Presence. The promise: offline 5 s after the last device left, at most 20 s after a gateway died."""

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
