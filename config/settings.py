"""The one settings tree. Read once, at the composition root; every other module is handed the part it needs.

Values come from the environment (`CAREWIRE_` prefix, `__` between levels) or from `.env`; every default runs. Names
that people know from elsewhere are read where ours are unset (`config.wellknown`). The sections stand in files of
their own beside this one, and whoever needs one may import it from here.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from config.activities import ActivitySettings
from config.capabilities.apps import AppSettings
from config.capabilities.chat import ChatSettings
from config.capabilities.e2ee import E2eeSettings
from config.capabilities.email import EmailSettings
from config.capabilities.media import MediaSettings
from config.capabilities.meetings import JitsiSettings, LivekitSettings, MeetingSettings, TurnSettings
from config.capabilities.moderation import ModerationSettings
from config.capabilities.notifications import NotificationSettings
from config.capabilities.payments import PaymentSettings
from config.capabilities.push import PushSettings
from config.capabilities.search import SearchSettings
from config.capabilities.worksheets import WorksheetSettings
from config.doors import GatewaySettings, HttpSettings, LimitSettings
from config.features import FeatureSettings
from config.files import FilesSettings
from config.identity import AuthSettings, EncryptionSettings, IdentitySettings
from config.kernel import KernelSettings, PresenceSettings, RoomSettings
from config.machines import ClockSettings, ClusterSettings, LogSettings, MongoSettings, RaySettings
from config.ml import MlSettings
from config.section import refuse_empty, within_unit
from config.wellknown import WellKnownSource

__all__ = [
    "ActivitySettings",
    "AuthSettings",
    "ChatSettings",
    "ClockSettings",
    "ClusterSettings",
    "E2eeSettings",
    "EmailSettings",
    "EncryptionSettings",
    "FeatureSettings",
    "FilesSettings",
    "GatewaySettings",
    "HttpSettings",
    "IdentitySettings",
    "JitsiSettings",
    "KernelSettings",
    "LimitSettings",
    "LivekitSettings",
    "LogSettings",
    "MediaSettings",
    "MeetingSettings",
    "MlSettings",
    "ModerationSettings",
    "MongoSettings",
    "NotificationSettings",
    "PaymentSettings",
    "PresenceSettings",
    "PushSettings",
    "RaySettings",
    "RoomSettings",
    "SearchSettings",
    "Settings",
    "TurnSettings",
    "WorksheetSettings",
]


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
    clock: ClockSettings = ClockSettings()
    kernel: KernelSettings = KernelSettings()
    rooms: RoomSettings = RoomSettings()
    chat: ChatSettings = ChatSettings()
    presence: PresenceSettings = PresenceSettings()
    ml: MlSettings = MlSettings()
    features: FeatureSettings = FeatureSettings()
    files: FilesSettings = FilesSettings()
    activities: ActivitySettings = ActivitySettings()
    e2ee: E2eeSettings = E2eeSettings()
    email: EmailSettings = EmailSettings()
    notifications: NotificationSettings = NotificationSettings()
    push: PushSettings = PushSettings()
    worksheets: WorksheetSettings = WorksheetSettings()
    apps: AppSettings = AppSettings()
    payments: PaymentSettings = PaymentSettings()
    moderation: ModerationSettings = ModerationSettings()
    search: SearchSettings = SearchSettings()
    media: MediaSettings = MediaSettings()
    meetings: MeetingSettings = MeetingSettings()
    turn: TurnSettings = TurnSettings()
    jitsi: JitsiSettings = JitsiSettings()
    livekit: LivekitSettings = LivekitSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual ones, and names that people know from elsewhere after them."""
        environment, file = (getattr(source, "env_vars", {}) for source in (env_settings, dotenv_settings))
        last = WellKnownSource(settings_cls, environment, file)
        return init_settings, env_settings, dotenv_settings, file_secret_settings, last

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
        two a gateway (figures, and other gateways' requests), one the REST API, one a predictor, one a runner, one for
        files, one the follower, two the index of search and each media worker (figures, and what they are asked)."""
        shards = sum(self.kernel.pools.values()) + self.presence.shards
        return (
            shards
            + 2 * (self.gateway.max_replicas or self.gateway.replicas)
            + 1
            + self.predictors_max
            + self.runners_and_workers
            + self.features.search
            + 2 * self.media_workers_max
        )

    @property
    def runners_and_workers(self) -> int:
        """Runners of activities, and the processes that serve one thing alone: files, what is read of the journal, the
        index of search."""
        alone = self.features.files + self.features.reads_the_journal + self.features.search
        return self.activities.runners + alone

    @property
    def media_workers_max(self) -> int:
        """Most media workers that a machine may have; none where the feature is off."""
        return self.media.max_workers if self.features.video else 0

    @property
    def predictors_max(self) -> int:
        """Most predictors that there may be; none where the feature is off."""
        return self.ml.replicas_max if self.features.ml else 0
