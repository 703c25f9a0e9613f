"""Answers requests with the symptom model of whichever source tree it is run in: JSON on stdin, JSON on stdout.

`judging.py` runs it in this tree and in that of another revision, so that both answer the same questions in
one run.
"""

import json
import sys
from pathlib import Path
from typing import Any

import ml
from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter
from ml.answers.judgement import judge
from ml.answers.opinions import opinions
from ml.answers.recommend import Recommender
from ml.knowledge.loading import load_knowledge
from ml.model.artifact import current_version
from ml.model.trained import TrainedModel


def main() -> None:
    """Answer them all."""
    folder = Path(ml.__file__).parent / "artifacts"
    version = current_version(folder)
    knowledge = load_knowledge()
    model = TrainedModel.load(folder / version, knowledge)
    interpreter = Interpreter(knowledge, Recommender.load(knowledge))
    answers = [_answer(interpreter, model, knowledge, one) for one in json.load(sys.stdin)]
    print(json.dumps({"version": version, "answers": answers}))


def _answer(interpreter: Interpreter, model: Any, knowledge: Any, request: dict[str, Any]) -> dict[str, Any]:
    lists = ("symptoms", "medical_history", "allergies", "medications")
    fields: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in request.items()}
    fields["vitals"] = tuple((name, value) for name, value in request.get("vitals", {}).items())
    make: Any = AskedOpinion  # another revision may not take them all
    try:
        understood = interpreter.understand(make(**fields))
    except Exception as exc:  # a refusal; which class it is differs between revisions
        return {"refused": type(exc).__name__}
    opinion = opinions(model, knowledge, [understood.evidence])[0]
    judgement = judge(understood, opinion, model.info, knowledge)
    return {
        "ranked": [(one.condition, one.probability) for one in opinion.possibilities],
        "none_of_these": opinion.none_of_these,
        "triage": judgement.triage,
        "abstained": judgement.abstain_reason is not None,
        "flags": [flag.code for flag in understood.red_flags],
        "unrecognised": list(understood.unrecognised),
    }


if __name__ == "__main__":
    main()
