"""Settings of moderation: the handling of cases, and what somebody in danger is told."""

from typing import Final

from pydantic import Field

from config.section import SettingsSection

_RESOURCES: Final = (
    "Emergency number: 112",
    "Telefonseelsorge (DE): 0800 111 0 111",
    "988 Suicide & Crisis Lifeline (US): 988",
    "Samaritans (UK, IE): 116 123",
    "Numero national de prevention du suicide (FR): 3114",
    "Linea 024 (ES): 024",
)


class ModerationSettings(SettingsSection):
    """The handling of cases."""

    due_emergency_s: int = Field(
        default=900, ge=10, le=86_400, description="Seconds until somebody has looked at an emergency."
    )
    due_high_s: int = Field(
        default=14_400, ge=10, le=604_800, description="Seconds until somebody has looked at a grave case."
    )
    due_normal_s: int = Field(
        default=86_400, ge=10, le=2_592_000, description="Seconds until somebody has looked at any other."
    )
    evidence_days: int = Field(
        default=180, ge=1, le=3650, description="Days for which evidence is kept after its case was closed."
    )
    resources: tuple[str, ...] = Field(
        default=_RESOURCES, max_length=20, description="Where somebody in danger is told to turn: `title: contact`."
    )

    @property
    def places(self) -> list[dict[str, str]]:
        """The same, as `crisis_support` says them."""
        parts = [resource.partition(": ") for resource in self.resources]
        return [{"title": title, "contact": contact or title} for title, _, contact in parts]
