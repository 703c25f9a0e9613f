"""Options for a person: what is ruled out says why, what is not known is loud."""

from typing import Any

import pytest

from common.errors import InvalidArgument
from ml.answers.recommend import AssessedPerson, Recommender
from ml.knowledge.loading import Knowledge


def ask(recommender: Recommender, condition: str, **fields: Any) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Recommended by drug, excluded by drug with the reason, and the loud warnings."""
    defaults: dict[str, Any] = {"age": 40.0, "sex": "male"}
    answer: dict[str, Any] = recommender.recommend(condition, AssessedPerson(**(defaults | fields)))
    recommended = {one["drug"]: one for one in answer["recommendations"]}
    return recommended, {one["drug"]: one["reason"] for one in answer["excluded"]}, answer["warnings"]


def test_every_condition_has_something_to_discuss_or_a_reason_why_not(
    recommender: Recommender, knowledge: Knowledge
) -> None:
    for row in knowledge.conditions:
        recommended, _, _ = ask(recommender, row.id)
        assert recommended
        assert all(one["reasons"] and one["dose_note"] for one in recommended.values())


@pytest.mark.parametrize(
    "name", ["migraine", "Migraine", "G43.909", "community-acquired pneumonia", "high blood pressure"]
)
def test_a_condition_may_be_named_in_several_ways(recommender: Recommender, name: str) -> None:
    assert ask(recommender, name)[0]


def test_first_line_comes_first(recommender: Recommender) -> None:
    lines = [one["line"] for one in ask(recommender, "depression", age=30.0)[0].values()]
    assert lines == sorted(lines, key=("1", "option", "not first").index)


@pytest.mark.parametrize(
    ("condition", "fields", "gone", "why"),
    [
        ("pneumonia", {"allergies": ("penicillin",)}, "amoxicillin", "penicillin"),
        ("pneumonia", {"allergies": ("Amoxil",)}, "amoxicillin-clavulanate", "penicillins"),
        ("pneumonia", {"allergies": ("penicillin - anaphylaxis",)}, "cefuroxime", "penicillin"),
        ("pneumonia", {"allergies": ("erythromycin",)}, "azithromycin", "macrolides"),
        ("pneumonia", {"allergies": ("doxycycline",)}, "doxycycline", "allergy"),
        ("influenza", {"allergies": ("aspirin",)}, "ibuprofen", "NSAID"),
        ("influenza", {"allergies": ("milk protein",)}, "zanamivir", "milk"),
        ("influenza", {"medical_history": ("asthma",)}, "zanamivir", "asthma"),
        ("epilepsy", {"allergies": ("phenytoin",)}, "lamotrigine", "aromatic"),
        ("gastritis", {"allergies": ("metronidazole",)}, "bismuth quadruple therapy", "nitroimidazoles"),
        ("hypertension", {"medical_history": ("angioedema",)}, "lisinopril", "angioedema"),
        ("hypertension", {"sex": "female", "pregnant": True}, "lisinopril", "pregnancy"),
        ("hypertension", {"sex": "female", "pregnant": True}, "losartan", "pregnancy"),
        ("migraine", {"medical_history": ("heart attack",)}, "sumatriptan", "coronary"),
        ("migraine", {"medical_history": ("asthma",)}, "propranolol", "asthma"),
        ("migraine", {"medications": ("phenelzine",)}, "sumatriptan", "contraindicated"),
        ("migraine", {"medical_history": ("Parkinson's disease",)}, "metoclopramide", "Parkinson"),
        ("migraine", {"medications": ("warfarin",)}, "ibuprofen", "bleeding"),
        ("migraine", {"medications": ("lithium",)}, "naproxen", "lithium"),
        ("depression", {"medical_history": ("epilepsy",)}, "bupropion", "seizure"),
        ("depression", {"medications": ("phenelzine",)}, "sertraline", "serotonin"),
        ("depression", {"age": 12.0}, "venlafaxine", "age"),
        ("heart_disease", {"medications": ("Viagra",)}, "nitroglycerin", "hypotension"),
        ("common_cold", {"medications": ("MAOI",)}, "pseudoephedrine", "contraindicated"),
        ("common_cold", {"medical_history": ("hypertension",)}, "pseudoephedrine", "hypertension"),
        ("common_cold", {"age": 0.5}, "honey", "age"),
        ("migraine", {"age": 15.0}, "aspirin", "age"),
        ("insomnia", {"medications": ("fluvoxamine",)}, "ramelteon", "contraindicated"),
        ("insomnia", {"medications": ("oxycodone",)}, "zolpidem", "respiratory"),
        ("stroke", {"medications": ("clopidogrel",)}, "apixaban", "bleeding"),
        ("bronchitis", {}, "antibiotic for uncomplicated bronchitis", "NOT recommended"),
        ("stroke", {}, "no home drug for suspected acute stroke", "aspirin"),
    ],
)
def test_what_is_ruled_out_says_why(
    recommender: Recommender, condition: str, fields: dict[str, Any], gone: str, why: str
) -> None:
    recommended, excluded, _ = ask(recommender, condition, **fields)
    assert gone not in recommended
    assert why.lower() in excluded[gone].lower()


@pytest.mark.parametrize(
    ("condition", "fields", "drug", "warning"),
    [
        ("pneumonia", {"allergies": ("penicillin",)}, "cefuroxime", "cephalosporins about 2 %"),
        ("hypertension", {"allergies": ("sulfa",)}, "chlorthalidone", "no true cross-reactivity"),
        ("migraine", {"medications": ("sertraline",)}, "sumatriptan", "serotonin"),
        ("pneumonia", {"medications": ("warfarin",)}, "amoxicillin", "INR"),
        ("depression", {"age": 20.0}, "sertraline", "boxed"),
        ("insomnia", {"age": 70.0}, "zolpidem", "Beers"),
        ("depression", {"medications": ("sertraline",)}, "sertraline", "already taken"),
        ("hypertension", {"sex": "female", "age": 30.0}, "lisinopril", "not known"),
    ],
)
def test_what_calls_for_care_is_warned_about(
    recommender: Recommender, condition: str, fields: dict[str, Any], drug: str, warning: str
) -> None:
    recommended, _, _ = ask(recommender, condition, **fields)
    assert any(warning.lower() in one.lower() for one in recommended[drug]["warnings"]), recommended[drug]


def test_a_medicine_or_an_allergy_that_cannot_be_resolved_is_loud_on_every_drug(recommender: Recommender) -> None:
    recommended, _, loud = ask(
        recommender, "migraine", medications=("frobnicatol 5 mg",), allergies=("wibblecillinase",)
    )
    assert any("frobnicatol" in one for one in loud)
    assert any("wibblecillinase" in one for one in loud)
    for one in recommended.values():
        assert any("frobnicatol" in warning for warning in one["warnings"])


def test_known_harmless_allergies_are_not_loud(recommender: Recommender) -> None:
    assert not ask(recommender, "common_cold", allergies=("peanuts", "pollen", "none"))[2]


def test_misspelt_and_brand_names_resolve(recommender: Recommender) -> None:
    for name in ("warfrin", "Coumadin 5mg daily", "warfarin", "blood thinner"):
        _, excluded, loud = ask(recommender, "migraine", medications=(name,))
        assert "ibuprofen" in excluded
        assert not loud


def test_a_man_never_gets_a_pregnancy_warning(recommender: Recommender, knowledge: Knowledge) -> None:
    for row in knowledge.conditions:
        for history in ((), ("pregnancy",)):
            recommended, excluded, _ = ask(recommender, row.id, sex="male", age=30.0, medical_history=history)
            said = [*excluded.values(), *(text for one in recommended.values() for text in one["warnings"])]
            assert not [text for text in said if text.startswith("pregnancy") or "is a pregnancy" in text]


def test_severe_reactions_block_more_than_mild_ones(recommender: Recommender) -> None:
    mild = ask(recommender, "pneumonia", allergies=("penicillin (mild rash)",))[0]
    severe = ask(recommender, "pneumonia", allergies=("penicillin (anaphylaxis)",))[0]
    assert "cefuroxime" in mild
    assert "cefuroxime" not in severe


@pytest.mark.parametrize(
    ("condition", "fields", "field"),
    [
        ("lycanthropy", {}, "condition"),
        ("migraine", {"age": 200.0}, "profile.age"),
        ("migraine", {"sex": "male", "pregnant": True}, "profile.pregnant"),
    ],
)
def test_the_impossible_is_refused_by_name(
    recommender: Recommender, condition: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        ask(recommender, condition, **fields)
    assert refused.value.details == {"field": field}
