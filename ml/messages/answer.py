"""The answer about one message: rules first, then the model, which may raise what they let pass and lowers nothing."""

from typing import Final

from ml.messages.classifier import MessageModel
from ml.messages.corpus import NONE, Task
from ml.messages.intents import IntentRules
from ml.safety.crisis import SEVERITIES, Severity
from ml.safety.screen import CrisisScreen

SURE: Final[dict[Severity, float]] = {"normal": 0.0, "high": 0.9, "emergency": 0.95}  # least for what a rule heard
DIGITS: Final = 4


class MessageReader:
    """Classifies messages. Without a model it has the rules alone."""

    def __init__(self, model: MessageModel | None, screen: CrisisScreen | None = None) -> None:
        self._model = model
        self._screen = screen or CrisisScreen()
        self._intents = IntentRules()

    def classify(self, message: str, task: Task) -> dict[str, object]:
        """The answer of `POST /api/ml/classify-message`: labels, the most probable first."""
        answer = self._safety(message) if task == "safety" else self._intent(message)
        if self._model is not None:
            answer["model"] = {"version": self._model.meta.version, "trained_at": self._model.meta.trained_at}
        return {"task": task, **answer}

    def _intent(self, message: str) -> dict[str, object]:
        rules = self._intents.spoken_for(message)
        if self._model is not None:
            chance = self._model.probabilities("intent", message, [rule.id for rule in rules])
        else:
            chance = {rule.label: 1 / len(rules) for rule in rules}
        return {"labels": _ranked(chance), "rules": [rule.id for rule in rules]}

    def _safety(self, message: str) -> dict[str, object]:
        finding = self._screen.read(message)
        chance = self._model.probabilities("safety", finding.left) if self._model is not None else {}
        severity = finding.severity
        if self._model is not None and 1 - chance[NONE] >= self._model.meta.raise_at:
            severity = max(severity, "high", key=SEVERITIES.index)
        for kind in finding.kinds:
            chance[kind] = max(chance.get(kind, 0.0), SURE[finding.severity])
        if finding.kinds or self._model is None:
            chance[NONE] = min(chance.get(NONE, 1.0), 1 - max((chance[kind] for kind in finding.kinds), default=0.0))
        return {"labels": _ranked(chance), "severity": severity, "rules": list(finding.rules)}


def _ranked(chance: dict[str, float]) -> list[dict[str, object]]:
    ordered = sorted(chance.items(), key=lambda pair: -pair[1])
    return [{"label": label, "probability": round(value, DIGITS)} for label, value in ordered]
