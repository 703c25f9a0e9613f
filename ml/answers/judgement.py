"""The judgement beside the ranking: triage, abstention, crisis. Rules stand above the model."""

from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np

from ml.answers.interpreter import Understood
from ml.answers.opinions import ModelInfo, Opinion
from ml.knowledge.loading import OTHER, Knowledge
from ml.knowledge.schema import SEVERITIES, URGENCIES, Triage, Urgency
from ml.knowledge.vital_signs import ADULT, unremarkable
from ml.patients.situations import complaint_kind
from ml.patients.world import band_of

CRISIS: Final = (
    "You are not alone, and help is there now. In the US call or text 988 (Suicide and Crisis Lifeline); elsewhere "
    "call your local crisis line. If you might act on these thoughts, call emergency services and stay with someone."
)
NOTHING_UNDERSTOOD: Final = (
    "Nothing of this was understood, so nothing can be said about how urgent it is. Say it in other words, in English, "
    "or ask a clinician; in an emergency call your local emergency number."
)
LIKELY: Final = 0.25  # below this the first answer is too weak to stand alone
ENOUGH_ALONE: Final = 0.6  # of the first answer, from which one symptom says enough
LIKELY_IF_WIDE: Final = 0.35  # the same where the model is less sure of itself
SERIOUS: Final = {"emergency": 0.30, "urgent": 0.30, "routine": 0.50}  # probability from which a condition sets triage


@dataclass(frozen=True, slots=True)
class Judgement:
    """The part of an answer beside the ranking."""

    triage: Triage
    abstain_reason: str | None
    crisis: str | None


def judge(understood: Understood, opinion: Opinion | None, info: ModelInfo, knowledge: Knowledge) -> Judgement:
    """Put rules above the model: triage, and whether the model should keep its opinion to itself."""
    if not understood.anything:
        return Judgement("unknown", NOTHING_UNDERSTOOD, None)
    reason = _abstain_reason(understood, opinion, info)
    triage: Urgency = "routine" if opinion is None else _model_triage(understood, opinion, knowledge)
    unsure = reason is not None or understood.evidence.unrecognised > 0 or _odd_reading(understood, opinion)
    if unsure and triage == "self_care" and not _plainly_minor(understood):
        triage = "routine"
    for flag in understood.red_flags:
        triage = max(triage, flag.urgency, key=URGENCIES.index)
    return Judgement(triage, reason, CRISIS if "suicidal_thoughts" in understood.evidence.present else None)


def _abstain_reason(understood: Understood, opinion: Opinion | None, info: ModelInfo) -> str | None:
    if opinion is None:
        return "The model is not available; only the safety rules were applied."
    evidence = understood.evidence
    top = opinion.possibilities[0].probability
    told_by_vitals = not _as_anybodys(understood)
    if not evidence.present and not told_by_vitals:
        return "No symptom was recognised."
    if opinion.none_of_these >= max(0.5, top):
        return "This fits none of the conditions that the model knows."
    if opinion.disagreement > info.disagreement_limit:
        return "This picture is unlike those that the model learned from."
    alone = opinion.complaints < 2 and not told_by_vitals
    if alone:  # readings that are as anybody's neither end nor begin an abstention
        top = opinion.unmeasured_top
    if top < (LIKELY_IF_WIDE if understood.cautions else LIKELY):
        return "There is not enough information to tell the possibilities apart."
    if alone and top < ENOUGH_ALONE:
        return "One symptom alone is not enough information."
    return None


def _odd_reading(understood: Understood, opinion: Opinion | None) -> bool:
    """Does a vital sign out of the ordinary stand beside one complaint that may have nothing to do with it?"""
    return opinion is not None and opinion.complaints < 2 and not _as_anybodys(understood)


def _as_anybodys(understood: Understood) -> bool:
    """Is no vital sign out of the ordinary?"""
    evidence = understood.evidence
    band = ADULT if isnan(evidence.age) else int(band_of(np.array([evidence.age]))[0])
    return unremarkable(evidence.vitals, band)


def prediction_set(opinion: Opinion, info: ModelInfo) -> list[str]:
    """The conditions (and "none of these") that hold the truth in 90 % of cases with as many complaints, likeliest
    first; empty without a calibrated model. Source: `ml.patients.situations.conformal_thresholds`.
    """
    if not info.conformal:
        return []
    threshold = info.conformal[int(complaint_kind(np.array([opinion.complaints]))[0])]
    ranked = [(possibility.probability, possibility.condition) for possibility in opinion.possibilities]
    ranked = sorted([*ranked, (opinion.none_of_these, OTHER)], key=lambda pair: -pair[0])
    above = 0.0
    names = []
    for probability, name in ranked:
        if above > threshold:
            break
        names.append(name)
        above += probability
    return names


def _model_triage(understood: Understood, opinion: Opinion, knowledge: Knowledge) -> Urgency:
    """The highest urgency that conditions of enough probability together ask for at this severity."""
    severity = understood.evidence.severity or "mild"
    at = SEVERITIES.index(severity)
    mass = dict.fromkeys(URGENCIES, 0.0)
    for possibility in opinion.possibilities:
        row = knowledge.conditions[knowledge.condition_index[possibility.condition]]
        again = row.later.triage if row.later is not None and row.later.triage is not None else row.triage
        for triage, share in ((row.triage, 1 - possibility.later), (again, possibility.later)):
            mass[max(triage[: at + 1], key=URGENCIES.index)] += possibility.probability * share
    mass["routine"] += opinion.none_of_these * (0.5 if at == 0 else 0.8)
    reached = 0.0
    for urgency in reversed(URGENCIES):
        reached += mass[urgency]
        if urgency == "self_care" or reached >= SERIOUS[urgency]:
            return urgency
    return "self_care"


def _plainly_minor(understood: Understood) -> bool:
    """Little ails this person: told to be mild, all of it read, nothing flagged."""
    return (
        not understood.evidence.unrecognised
        and understood.evidence.severity == "mild"
        and not understood.red_flags
        and bool(understood.evidence.present)
    )
