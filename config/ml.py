"""Settings of the model: how patients are imagined, how the network is trained, how it is served."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from config.section import SettingsSection

_Width = Annotated[int, Field(ge=1, le=65_536)]
_Positive = Annotated[float, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]


class GeneratorSettings(SettingsSection):
    """Deviations of synthetic patients from the tables. All grade C judgements."""

    share_power: float = Field(
        default=0.45,
        gt=0,
        le=1,
        description="Power of the conditions' shares in a telehealth service. Offices and emergency rooms see a "
        "flatter mix (heart disease a third as often as colds, not a seventh). 1: the telehealth mix as it stands.",
    )
    other_share: float = Field(default=0.22, gt=0, lt=1, description="Share of consultations with another condition.")
    background_salience: float = Field(
        default=0.35, gt=0, le=1, description="How readily a complaint unrelated to the condition is told."
    )
    core_salience: float = Field(
        default=2.2, ge=1, description="How much more readily the complaints that bring people in are told."
    )
    core_percent: float = Field(
        default=45.0, gt=0, le=100, description="Frequency from which a complaint of another condition counts as one."
    )
    mentions: tuple[_Positive, ...] = Field(
        default=(0.8, 1.5, 2.6, 4.5, 8.0), description="Symptoms told by the five kinds of people, on average."
    )
    mention_shares: tuple[_Share, ...] = Field(
        default=(0.28, 0.3, 0.23, 0.13, 0.06), description="Shares of the five kinds of people."
    )
    expression_sd: float = Field(
        default=0.6, ge=0, description="Spread (logit) of how fully a patient has the picture."
    )
    cluster_sd: float = Field(default=0.9, ge=0, description="Spread (logit) shared by the symptoms of a cluster.")
    mistaken: float = Field(default=0.0004, gt=0, lt=0.01, description="P(a symptom is read that is not there).")
    denial_rate: float = Field(default=0.0105, ge=0, le=0.1, description="P(lacking symptom is denied), per salience.")
    atypical: float = Field(
        default=0.05, ge=0, le=0.5, description="Share of patients whose complaints look like another condition."
    )
    fever_measured: float = Field(
        default=0.6, gt=0, le=1, description="Share of people with a fever whose thermometer shows it at the visit."
    )
    any_duration: float = Field(
        default=0.1, gt=0, lt=1, description="Share of durations that mean something else than the condition's own."
    )
    salience_sd: float = Field(default=0.35, ge=0, description="Spread (log) of salience between worlds.")
    salience_power: float = Field(
        default=0.5, gt=0, le=1, description="Lowest power of salience between worlds; 1: always as it stands."
    )
    share_sd: float = Field(default=0.3, ge=0, description="Spread (log) of a condition's share between worlds.")
    unmapped_named: float = Field(
        default=0.05, ge=0, description="Phrases not understood, a named condition's patient."
    )
    unmapped_other: float = Field(
        default=0.22, ge=0, description="Phrases not understood, another condition's patient."
    )

    @model_validator(mode="after")
    def _kinds_of_people_add_up(self) -> Self:
        if len(self.mentions) != len(self.mention_shares) or abs(sum(self.mention_shares) - 1) > 1e-9:
            raise ValueError("ml.generator.mention_shares must match mentions and sum to 1")
        return self


class TrainingSettings(SettingsSection):
    """The training of the network. Defaults take a few minutes on two cores."""

    seed: int = Field(default=20261120, ge=0, description="Seed of everything random.")
    members: int = Field(default=5, ge=1, le=20, description="Networks in the ensemble.")
    worlds: int = Field(default=6, ge=1, description="Worlds that one member learns from.")
    patients_per_world: int = Field(default=30_000, ge=100, description="Synthetic patients of one world.")
    flatten: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Power of the prior from which training patients are drawn; 1: as they come.",
    )
    epochs: int = Field(default=2, ge=1, description="Passes over them.")
    batch: int = Field(default=512, ge=16, description="Patients in a step.")
    hidden: tuple[_Width, _Width] = Field(default=(96, 48), description="Widths of the two hidden layers.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Peak learning rate (one cycle).")
    weight_decay: float = Field(default=0.1, ge=0, description="AdamW weight decay.")
    calibration_patients: int = Field(default=20_000, ge=100, description="Held out to set the temperature.")
    test_patients: int = Field(default=20_000, ge=100, description="Held out to report the figures.")
    unknown_share: float = Field(
        default=0.08, ge=0, lt=1, description="Share of patients whose age is not known; the same for their sex."
    )
    grid_cells: int = Field(
        default=1_000_000, ge=1, description="Most cells of that grid; beyond, it is thinned evenly."
    )
    grid_pairs: int = Field(
        default=60,
        ge=0,
        description="Frequent pairs of symptoms on the grid where the network is held to exact Bayes.",
    )


class MlSettings(SettingsSection):
    """The symptom model."""

    artifacts: Path = Field(
        default=Path(__file__).parents[1] / "ml" / "artifacts", description="Folder of trained models."
    )
    version: str | None = Field(default=None, description="Model to serve. Unset: the one named in artifacts/CURRENT.")
    replicas_min: int = Field(default=1, ge=1, le=64, description="Fewest predictor processes.")
    replicas_max: int = Field(default=2, ge=1, le=64, description="Most predictor processes.")
    num_cpus: float = Field(default=0.2, ge=0, le=64, description="Cores that Ray sets aside for each.")
    target_ongoing_requests: float = Field(default=1.5, gt=0, description="Calls in flight that add a process.")
    max_ongoing_requests: int = Field(default=64, ge=1, description="Calls in flight that one process takes.")
    calls_in_flight: int = Field(
        default=4,
        ge=1,
        description="Most calls that one API process has on their way; what comes meanwhile shares the next.",
    )
    bundle_size: int = Field(default=64, ge=1, description="Most requests in one call. 1: every request its own.")
    bundle_wait_ms: float = Field(
        default=5.0, ge=0, le=100, description="Wait for a fuller call, while another is or was on its way."
    )
    max_waiting: int = Field(
        default=2000, ge=1, description="Requests, and calls, that one API process lets wait before `overloaded`."
    )
    batch_size: int = Field(default=64, ge=1, description="Most predictions computed at once.")
    batch_wait_ms: float = Field(default=4.0, ge=0, le=100, description="Wait for a fuller batch.")
    cache_size: int = Field(default=20_000, ge=0, description="Answers kept. 0 turns the cache off.")
    cache_ttl_s: float = Field(default=1800.0, gt=0, description="Life of a kept answer.")
    watch_s: float = Field(
        default=10.0, gt=0, description="Seconds between looks at artifacts/CURRENT, while `version` is unset."
    )
    deadline_s: float = Field(default=5.0, gt=0, description="Time after which a prediction is `unavailable`.")
    generator: GeneratorSettings = GeneratorSettings()
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="after")
    def _replica_bounds_are_ordered(self) -> Self:
        if self.replicas_max < self.replicas_min:
            raise ValueError("ml.replicas_max must be at least ml.replicas_min")
        return self
