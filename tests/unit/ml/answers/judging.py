"""Judges the shipped model on cases in our own words, and beside it that of another revision.

    python -m tests.unit.ml.answers.judging [--half blind] [--beside REVISION] [--errors]

All were written for Carewire from general medical knowledge, without a look at the lexicon; none is a real patient.
`cases/visits.csv` are visits as people put them: one to three complaints. `cases/desk.csv` are the same as a
registration desk would, often with an untypical complaint. `cases/records.csv` are office visits as records hold them:
one or two complaints, the length of the problem, vital signs that are normal, many of them follow-ups and refills.
`cases/vignettes.csv` are fuller stories with an urgency. Rows are taken in turn into the development half, which may be
looked at, and the blind half, which is judged for the record only and never worked on. The probes ask one question in
several ways, of which the answer should depend on some only.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter, Understood
from ml.answers.judgement import Judgement, judge
from ml.answers.opinions import Opinion, opinions
from ml.knowledge.loading import Knowledge
from ml.model.metrics import auroc, calibration_error
from ml.model.trained import TrainedModel

CASES = Path(__file__).parents[1] / "cases"
HALVES = ("development", "blind")
ECE_BINS = 10
Answer = tuple[Understood, Opinion, Judgement]
Predict = Callable[[Sequence[AskedOpinion]], list[Answer]]


@dataclass(frozen=True, slots=True)
class Case:
    """One visit or vignette. `truth` is a condition id or `none`; `urgency` is empty where it was not judged."""

    number: int
    asked: AskedOpinion
    truth: str
    urgency: str

    @property
    def half(self) -> str:
        """Which half it belongs to."""
        return HALVES[self.number % 2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case."""

    case: Case
    ranked: tuple[str, ...]
    top: float
    none_of_these: float
    triage: str
    flags: tuple[str, ...]
    unrecognised: tuple[str, ...]


def load_cases(name: str) -> list[Case]:
    """All rows of `cases/<name>.csv`, in order."""
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [_case(number, row) for number, row in enumerate(csv.DictReader(file))]


def answers(
    interpreter: Interpreter, model: TrainedModel, knowledge: Knowledge, many: Sequence[AskedOpinion]
) -> list[Answer]:
    """What the predictor says of each, in one evaluation of the network."""
    understood = [interpreter.understand(asked) for asked in many]
    found = opinions(model, knowledge, [one.evidence for one in understood])
    return [
        (one, opinion, judge(one, opinion, model.info, knowledge))
        for one, opinion in zip(understood, found, strict=True)
    ]


def judged(predict: Predict, cases: Sequence[Case]) -> list[Verdict]:
    """The predictor's answer to each."""
    verdicts = []
    for case, (understood, opinion, judgement) in zip(cases, predict([case.asked for case in cases]), strict=True):
        verdicts.append(
            Verdict(
                case,
                tuple(one.condition for one in opinion.possibilities),
                opinion.possibilities[0].probability,
                opinion.none_of_these,
                judgement.triage,
                tuple(flag.code for flag in understood.red_flags),
                understood.unrecognised,
            )
        )
    return verdicts


def summary(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Top-1 and top-3 on named conditions, calibration on all and on those, AUROC of none, unread, flagged."""
    named = [one for one in verdicts if one.case.truth != "none"]
    right = np.array([one.ranked[0] == one.case.truth for one in verdicts])
    top = np.array([one.top for one in verdicts])
    inside = np.array([one.case.truth != "none" for one in verdicts])
    none = np.array([one.none_of_these for one in verdicts])
    figures = {
        "cases": float(len(verdicts)),
        "top1": float(right[inside].mean()) if named else float("nan"),
        "top3": float(np.mean([one.case.truth in one.ranked[:3] for one in named])) if named else float("nan"),
        "ece_named": calibration_error(top[inside], right[inside], ECE_BINS),
        "confidence_named": float(top[inside].mean()) if named else float("nan"),
        "ece_all": calibration_error(top, right, ECE_BINS),
        "confidence_all": float(top.mean()),
        "right_all": float(right.mean()),
        "auroc_none": auroc(none, ~inside),
        "not_read": float(np.mean([bool(one.unrecognised) for one in verdicts])),
    }
    for urgency in ("emergency", "urgent", "routine", "self_care"):
        some = [one for one in verdicts if one.case.urgency == urgency]
        if some:
            figures[f"{urgency}_cases"] = float(len(some))
            figures[f"{urgency}_called_emergency"] = float(sum(one.triage == "emergency" for one in some))
            figures[f"{urgency}_called_urgent"] = float(sum(one.triage == "urgent" for one in some))
    return figures


def _case(number: int, row: dict[str, str]) -> Case:
    vitals = [one.split("=") for one in row["vitals"].split(";") if one]
    asked: dict[str, Any] = {
        "symptoms": tuple(row["complaints"].split(";")),
        "age": float(row["age"]),
        "sex": row["sex"],
        "duration_days": float(row["days"]) if row["days"] else None,
        "medical_history": tuple(one for one in row["history"].split(";") if one),
        "vitals": tuple((name, float(value)) for name, value in vitals),
    }
    return Case(number, AskedOpinion(**asked), row["truth"], row.get("urgency", ""))


PROBES: dict[str, dict[str, Any]] = {
    "headache, woman of 28": {},
    "the same, for 90 days": {"duration_days": 90.0},
    "the same, 118/74": {"vitals": {"systolic": 118.0, "diastolic": 74.0}},
    "the same, 104/62": {"vitals": {"systolic": 104.0, "diastolic": 62.0}},
    "the same, 148/92": {"vitals": {"systolic": 148.0, "diastolic": 92.0}},
    "girl of 15": {"age": 15.0},
    "girl of 15, 112/66": {"age": 15.0, "vitals": {"systolic": 112.0, "diastolic": 66.0}},
    "the woman, 36.8 degrees": {"vitals": {"temperature_c": 36.8}},
    "neither age nor sex told": {"age": None, "sex": "unknown"},
}


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, default="development")
    parser.add_argument("--beside", metavar="REVISION", help="another revision, judged in the same run")
    parser.add_argument("--errors", action="store_true", help="show each case that went wrong")
    options = parser.parse_args()
    _judge_tree(Path.cwd(), "this tree", options.half, options.errors)
    if options.beside:
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(["git", "archive", options.beside], check=True, capture_output=True).stdout
            subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
            _judge_tree(Path(folder), options.beside, options.half, options.errors)


def _judge_tree(tree: Path, title: str, half: str, errors: bool) -> None:
    names = ("records", "visits", "desk", "vignettes")
    cases = {name: [case for case in load_cases(name) if case.half == half] for name in names}
    headache = {"symptoms": ["headache"], "age": 28.0, "sex": "female"}
    requests = [_request(case.asked) for some in cases.values() for case in some]
    said = _answers_of(tree, [*requests, *(headache | probe for probe in PROBES.values())])
    print(f"\n{title}: model {said['version']}")
    answers = iter(said["answers"])
    for name, some in cases.items():
        verdicts = [_verdict(case, next(answers)) for case in some]
        print(name, {key: round(value, 3) for key, value in summary(verdicts).items()})
        if name == "records":
            print("  top-1/top-3:", ", ".join(_by_condition(verdicts)))
        for one in verdicts if errors else ():
            if _is_wrong(one):
                told = "; ".join(one.case.asked.symptoms)
                print(f"  {one.case.truth} {one.case.urgency} | {one.case.asked.age:g} {told} | "
                      f"{one.ranked[0]} {one.top:.2f} none {one.none_of_these:.2f} | {one.triage} {one.flags} | "
                      f"not read: {one.unrecognised}")  # fmt: skip
    for name in PROBES:
        print(f"  {name}: {_probe(next(answers))}")


def _answers_of(tree: Path, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """What the model in that tree says; its own code reads its own knowledge, and knows where its modules are."""
    here = Path(__file__).with_name("answering.py")
    done = subprocess.run(
        [sys.executable, str(next((tree / "tests").rglob("answering.py"), here))],
        input=json.dumps(requests),
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _request(asked: AskedOpinion) -> dict[str, Any]:
    return {
        "symptoms": list(asked.symptoms),
        "age": asked.age,
        "sex": asked.sex,
        "duration_days": asked.duration_days,
        "medical_history": list(asked.medical_history),
        "vitals": dict(asked.vitals),
    }


def _verdict(case: Case, said: dict[str, Any]) -> Verdict:
    ranked = tuple(name for name, _ in said["ranked"])
    return Verdict(
        case,
        ranked,
        said["ranked"][0][1],
        said["none_of_these"],
        said["triage"],
        tuple(said["flags"]),
        tuple(said["unrecognised"]),
    )


def _by_condition(verdicts: Sequence[Verdict]) -> list[str]:
    lines = []
    for truth in dict.fromkeys(one.case.truth for one in verdicts if one.case.truth != "none"):
        some = [one for one in verdicts if one.case.truth == truth]
        first = np.mean([one.ranked[0] == truth for one in some])
        near = np.mean([truth in one.ranked[:3] for one in some])
        lines.append(f"{truth} {first:.2f}/{near:.2f}")
    return lines


def _probe(said: dict[str, Any]) -> str:
    if "refused" in said:
        return f"refused ({said['refused']})"
    ranked = ", ".join(f"{name} {probability:.2f}" for name, probability in said["ranked"][:4])
    return f"{ranked}; none {said['none_of_these']:.2f}; {said['triage']}{', abstains' if said['abstained'] else ''}"


def _is_wrong(one: Verdict) -> bool:
    case = one.case
    missed = case.urgency == "emergency" and one.triage != "emergency"
    alarmed = case.urgency in ("self_care", "routine") and one.triage in ("urgent", "emergency")
    return missed or alarmed or bool(one.unrecognised) or (case.truth != "none" and one.ranked[0] != case.truth)


if __name__ == "__main__":
    main()
