"""The prediction service: understand, look in the cache, ask the model, put the rules on top. Plain asyncio, no Ray."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from common.errors import Unavailable
from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import DISCLAIMER, Interpreter, Understood
from ml.answers.judgement import judge, prediction_set
from ml.answers.next_question import NextQuestion
from ml.answers.opinions import RULES_ONLY, Model, ModelInfo, Opinion
from ml.answers.recommend import AssessedPerson, Recommender
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import VITALS
from ml.messages.answer import MessageReader
from ml.model.card_page import ModelCardError, page_in
from serve_app.capabilities.prediction.cache import TtlCache

VITAL_LABELS = {
    "temperature_c": "Temperature",
    "heart_rate": "Heart rate",
    "systolic": "Systolic blood pressure",
    "diastolic": "Diastolic blood pressure",
    "respiratory_rate": "Breathing rate",
    "spo2": "Oxygen saturation",
}


@dataclass(frozen=True, slots=True)
class ModelInService:
    """A model in service. One object, so that a swap is one assignment; None means rules only.

    `folder`: where its card lies.
    """

    model: Model | None
    info: ModelInfo
    folder: Path | None = None


def _page(folder: Path) -> str:
    try:
        return page_in(folder)
    except ModelCardError as exc:
        raise Unavailable("The card of this model cannot be read.", folder=str(folder)) from exc


NO_MODEL = ModelInService(None, RULES_ONLY)
Evaluate = Callable[[ModelInService, PatientEvidence], Awaitable[Opinion]]


class PredictionService:
    """Answers requests. `evaluate` asks the model, in batches where the shell can; `messages` classifies messages."""

    def __init__(
        self,
        knowledge: Knowledge,
        cache: TtlCache[Opinion],
        evaluate: Evaluate,
        messages: MessageReader | None = None,
    ) -> None:
        self.knowledge = knowledge
        self.messages = messages or MessageReader(None)
        self.cache = cache
        self.recommender = Recommender.load(knowledge)
        self.interpreter = Interpreter(knowledge, self.recommender)
        self.served = NO_MODEL
        self._evaluate = evaluate
        self._questions = NextQuestion(knowledge)
        self._labels = {row.id: row.label for row in knowledge.symptoms} | VITAL_LABELS

    async def predict(self, asked: AskedOpinion) -> dict[str, object]:
        """The answer of `POST /api/ml/predict`.

        Raises:
            InvalidArgument: a number that no person has.
        """
        served = self.served  # one model for the whole request, whatever is swapped meanwhile
        understood = self.interpreter.understand(asked)
        opinion, cached = await self._opinion(served, understood.evidence)
        return self._answer(understood, opinion, served.info, cached)

    def recommend(self, condition: str, person: AssessedPerson) -> dict[str, object]:
        """The answer of `POST /api/ml/recommend`.

        Raises:
            InvalidArgument: the condition is not one of ours, or the profile is impossible.
        """
        return self.recommender.recommend(condition, person)

    async def next_question(self, asked: AskedOpinion, already: Collection[str]) -> dict[str, object]:
        """The answer of `POST /api/ml/next-question`. Red flags come first: with an emergency there is nothing to ask.

        Raises:
            InvalidArgument: a number that no person has.
            Unavailable: there is no model to ask.
        """
        served = self.served
        understood = self.interpreter.understand(asked)
        emergency = next((flag for flag in understood.red_flags if flag.urgency == "emergency"), None)
        if emergency is not None:
            return {"enough": True, "question": None, "gain": 0.0, "reason": emergency.message}
        if served.model is None:
            raise Unavailable("The symptom model is not loaded; only the safety rules answer.", retry_after_s=5.0)
        chosen = await asyncio.to_thread(self._questions.choose, served.model, understood.evidence, tuple(already))
        if chosen.symptom is None:
            return {"enough": True, "question": None, "gain": chosen.gain, "reason": chosen.reason}
        question = {"symptom": chosen.symptom, "label": self._labels[chosen.symptom]}
        return {"enough": False, "question": question, "gain": chosen.gain, "reason": chosen.reason}

    def model_info(self) -> dict[str, object]:
        """The answer of `GET /api/ml/model`."""
        info = self.served.info
        asked = self.cache.hits + self.cache.misses
        return {
            "version": info.version,
            "trained_at": info.trained_at,
            "calibration_error": info.calibration_error,
            "rules_only": self.served.model is None,
            "data_hash": self.knowledge.data_hash,
            "conditions": [
                {"condition": row.id, "name": row.name, "icd10": row.icd10} for row in self.knowledge.conditions
            ],
            "cache": {"entries": len(self.cache), "hit_rate": round(self.cache.hits / asked, 4) if asked else None},
        }

    async def model_card(self) -> dict[str, object]:
        """The page of `GET /api/ml/model/card`, as `{"html"}`.

        Raises:
            Unavailable: there is no model, or its card cannot be read.
        """
        folder = self.served.folder
        if folder is None:
            raise Unavailable("The symptom model is not loaded; only the safety rules answer.", retry_after_s=5.0)
        return {"html": await asyncio.to_thread(_page, folder)}

    async def _opinion(self, served: ModelInService, evidence: PatientEvidence) -> tuple[Opinion | None, bool]:
        if served.model is None:
            return None, False
        key = (served.info.version, evidence.key())
        kept = self.cache.get(key)
        if kept is not None:
            return kept, True
        opinion = await self._evaluate(served, evidence)
        self.cache.put(key, opinion)
        return opinion, False

    def _answer(
        self, understood: Understood, opinion: Opinion | None, info: ModelInfo, cached: bool
    ) -> dict[str, object]:
        judgement = judge(understood, opinion, info, self.knowledge)
        evidence, score = understood.evidence, understood.early_warning
        answer: dict[str, object] = {
            "predictions": self._predictions(opinion, understood.top_k),
            "none_of_these": None if opinion is None else opinion.none_of_these,
            "prediction_set": [] if opinion is None else prediction_set(opinion, info),
            "abstained": judgement.abstain_reason is not None,
            "unrecognised": list(understood.unrecognised),
            "recognised": sorted(evidence.present),
            "denied": sorted(evidence.absent),
            "red_flags": [
                {
                    "code": flag.code,
                    "message": flag.message,
                    "urgency": flag.urgency,
                    "meaning": flag.meaning,
                    "matched": list(flag.matched),
                }
                for flag in understood.red_flags
            ],
            "triage": judgement.triage,
            "cautions": list(understood.cautions),
            "notes": list(understood.notes),
            "uncertainty": None if opinion is None else round(opinion.disagreement, 4),
            "model": {
                "version": info.version,
                "trained_at": info.trained_at,
                "calibration_error": info.calibration_error,
            },
            "disclaimer": DISCLAIMER,
            "cached": cached,
        }
        if judgement.abstain_reason is not None:
            answer["abstain_reason"] = judgement.abstain_reason
        if score is not None:
            answer["early_warning"] = {
                "score": score.score,
                "band": score.band,
                "red": list(score.red),
                "missing": list(score.missing),
            }
        if judgement.crisis is not None:
            answer["crisis"] = judgement.crisis
        return answer

    def _predictions(self, opinion: Opinion | None, top_k: int) -> list[dict[str, object]]:
        if opinion is None:
            return []
        rows = []
        for possibility in opinion.possibilities[:top_k]:
            condition = self.knowledge.conditions[self.knowledge.condition_index[possibility.condition]]
            rows.append(
                {
                    "condition": condition.id,
                    "name": condition.name,
                    "icd10": condition.icd10,
                    "category": condition.category,
                    "probability": possibility.probability,
                    "evidence": [
                        {"symptom": one.symptom, "label": self._labels[one.symptom], "weight": one.weight}
                        for one in possibility.evidence
                    ],
                }
            )
        assert set(VITAL_LABELS) == set(VITALS)
        return rows
