"""Bodies of the ML routes. A member that is not listed is refused: a misspelt `medications` must not pass unseen."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from common.decoding import whole
from ml.answers.asked import AskedOpinion
from ml.knowledge.schema import VITALS

Text = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sex = Literal["female", "male", "other"]
Severity = Literal["mild", "moderate", "severe"]
Whole = Annotated[int, BeforeValidator(whole)]
"""An integer as JSON Schema has it: `5.0` is one."""


class PredictionBody(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Vitals(PredictionBody):
    """Measured vital signs; each may be left out."""

    temperature_c: float | None = None
    heart_rate: float | None = None
    systolic: float | None = None
    diastolic: float | None = None
    spo2: float | None = None
    respiratory_rate: float | None = None

    def told(self) -> tuple[tuple[str, float], ...]:
        """Those that were measured, by name."""
        return tuple((name, value) for name in VITALS if (value := getattr(self, name)) is not None)


class Patient(PredictionBody):
    """What predict and next-question share."""

    symptoms: list[Text] = Field(max_length=1000, examples=[["high fever", "dry cough"]])
    age: float | None = Field(
        default=None, description="Years; a baby's as a fraction. Left out, the answer is over people of all ages."
    )
    sex: Sex | None = Field(default=None, description="Left out, the answer is over both.")
    severity: Severity | None = None
    duration_days: float | None = None
    medical_history: list[Text] = Field(default=[], max_length=100)
    allergies: list[Text] = Field(default=[], max_length=100)
    medications: list[Text] = Field(default=[], max_length=100)
    pregnant: bool | None = None
    vitals: Vitals | None = None

    def asked_of(self, top_k: int = 5) -> AskedOpinion:
        """The request in the predictor's terms."""
        return AskedOpinion(
            symptoms=tuple(self.symptoms),
            age=self.age,
            sex=self.sex or "unknown",
            severity=self.severity,
            duration_days=self.duration_days,
            medical_history=tuple(self.medical_history),
            allergies=tuple(self.allergies),
            medications=tuple(self.medications),
            pregnant=self.pregnant,
            vitals=self.vitals.told() if self.vitals else (),
            top_k=top_k,
        )


class PredictRequest(Patient):
    """`POST /api/ml/predict`."""

    top_k: Whole = Field(default=5, ge=1, le=50, description="How many possibilities to list.")


class NextQuestionRequest(Patient):
    """`POST /api/ml/next-question`. `asked` are symptoms already asked about, whatever the answer."""

    asked: list[Name] = Field(default=[], max_length=300)


class WeightOut(BaseModel):
    """How much one piece of evidence changes the log odds of a condition."""

    symptom: str
    label: str
    weight: float


class PredictionOut(BaseModel):
    """One ranked condition."""

    condition: str
    name: str
    icd10: str
    category: str
    probability: float
    evidence: list[WeightOut]


class RedFlagOut(BaseModel):
    """A safety rule that fired."""

    code: str
    message: str
    urgency: str
    meaning: str
    matched: list[str]


class ModelOut(BaseModel):
    """The model behind an answer."""

    version: str
    trained_at: str | None
    calibration_error: float | None


class EarlyWarningOut(BaseModel):
    """NEWS2 of the vital signs; a lower bound while some are missing."""

    score: int
    band: Literal["low", "low-medium", "medium", "high"]
    red: list[str] = Field(description="Parameters that alone score 3, which calls for an urgent review.")
    missing: list[str]


class PredictResponse(BaseModel):
    """Ranked possibilities under the safety rules."""

    predictions: list[PredictionOut]
    none_of_these: float | None = Field(description="Probability that it is a condition the model does not know.")
    prediction_set: list[str] = Field(
        description="Conditions, and perhaps `none_of_these`, that together hold the truth in 90 % of such cases."
    )
    abstained: bool
    abstain_reason: str | None = None
    unrecognised: list[str]
    recognised: list[str]
    denied: list[str]
    red_flags: list[RedFlagOut]
    triage: Literal["emergency", "urgent", "routine", "self_care", "unknown"] = Field(
        description="How urgent it is; `unknown` where nothing was understood: never read it as harmless."
    )
    early_warning: EarlyWarningOut | None = None
    crisis: str | None = None
    cautions: list[str]
    notes: list[str] = Field(description="What would make the answer sharper.")
    uncertainty: float | None = Field(description="How much the ensemble disagrees with itself, nats.")
    model: ModelOut
    disclaimer: str
    cached: bool


class RecommendProfile(PredictionBody):
    """Whom a recommendation is for."""

    age: float
    sex: Sex
    pregnant: bool | None = None
    allergies: list[Text] = Field(default=[], max_length=100)
    medications: list[Text] = Field(default=[], max_length=100)
    medical_history: list[Text] = Field(default=[], max_length=100)


class RecommendRequest(PredictionBody):
    """`POST /api/ml/recommend`."""

    condition: Name
    profile: RecommendProfile


class Answers(PredictionBody):
    """Answers of a questionnaire: 0 not at all, 1 several days, 2 more than half the days, 3 nearly every day."""

    answers: list[Annotated[Whole, Field(ge=0, le=3)] | None]
    difficulty: Annotated[Whole, Field(ge=0, le=3)] | None = None


class ClassifyRequest(PredictionBody):
    """`POST /api/ml/classify-message`."""

    text: str = Field(max_length=8000, description="The message. It is not kept.")
    task: Literal["intent", "safety"]


class LabelOut(BaseModel):
    """One label and how probable it is."""

    label: str
    probability: float


class MessageModelOut(BaseModel):
    """The model of messages behind an answer."""

    version: str
    trained_at: str


class ClassifyResponse(BaseModel):
    """Labels, the most probable first. Rules come first; the model may raise what they let pass, and lowers nothing."""

    task: Literal["intent", "safety"]
    labels: list[LabelOut]
    severity: Literal["emergency", "high", "normal"] | None = Field(default=None, description="Of task `safety`.")
    rules: list[str] = Field(description="The rules that spoke, the most urgent first.")
    model: MessageModelOut | None = Field(default=None, description="Absent while only the rules answer.")
