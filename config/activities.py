"""Settings of calls to partners."""

from typing import Self

from pydantic import Field, model_validator

from config.section import SettingsSection


class ActivitySettings(SettingsSection):
    """Calls to partners, and their repeats."""

    runners: int = Field(default=1, ge=0, le=64, description="Processes that carry activities out (activities-0, ...).")
    keep_s: float = Field(
        default=20.0,
        gt=0,
        le=45,
        description="Seconds that a shard keeps an activity that does not succeed; then it is parked.",
    )
    first_retry_s: float = Field(
        default=0.5, gt=0, description="Longest pause before the second attempt; each further one may be twice as long."
    )
    longest_retry_s: float = Field(default=300.0, gt=0, description="Longest pause between two attempts.")
    breaker_failures: int = Field(
        default=5, ge=1, description="Failures of a partner in a row after which it is not called for a while."
    )
    breaker_pause_s: float = Field(default=10.0, gt=0, description="Seconds that such a partner is left alone.")

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.longest_retry_s < self.first_retry_s:
            raise ValueError("activities.longest_retry_s must not be shorter than activities.first_retry_s")
        return self
