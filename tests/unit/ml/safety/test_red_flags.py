"""Every red flag of the fact sheet, one by one, whatever else is said; and what must not fire."""

from typing import Any

import pytest

from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter, Understood
from ml.knowledge.schema import URGENCIES
from ml.safety.news2 import early_warning

NOISE = ("runny nose", "mild itching")
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("RF01", "emergency", {"symptoms": ["sudden weakness in my left arm and leg"]}),
    ("RF01", "emergency", {"symptoms": ["face drooping on one side"]}),
    ("RF01", "emergency", {"symptoms": ["slurred speech, it has gone now"]}),
    ("RF01", "emergency", {"symptoms": ["suddenly lost vision in one eye"]}),
    ("RF01", "emergency", {"symptoms": ["suddenly unsteady and falling to one side"]}),
    ("RF02", "emergency", {"symptoms": ["chest pain", "left arm pain"], "age": 30}),
    ("RF02", "emergency", {"symptoms": ["pressure in my chest", "cold sweat"], "age": 25}),
    ("RF02", "emergency", {"symptoms": ["chest tightness for an hour"], "age": 25}),
    ("RF02", "emergency", {"symptoms": ["chest pain at rest"], "age": 25}),
    ("RF03", "emergency", {"symptoms": ["chest pain right now"], "age": 55}),
    ("RF03", "urgent", {"symptoms": ["chest pain"], "age": 45}),
    ("RF03", "urgent", {"symptoms": ["chest pain"], "age": 30, "medical_history": ["angina"]}),
    ("RF04", "emergency", {"symptoms": ["worst headache of my life"]}),
    ("RF04", "emergency", {"symptoms": ["thunderclap headache"]}),
    ("RF05", "emergency", {"symptoms": ["headache", "fever", "can't bend neck forward"]}),
    ("RF05", "emergency", {"symptoms": ["headache and fever, confused"]}),
    ("RF05", "emergency", {"symptoms": ["fever", "headache", "rash that does not fade under a glass"]}),
    ("RF06", "urgent", {"symptoms": ["new headache"], "age": 62}),
    ("RF06", "urgent", {"symptoms": ["headache getting worse every day"]}),
    ("RF06", "urgent", {"symptoms": ["headache"], "medical_history": ["cancer"]}),
    ("RF06", "urgent", {"symptoms": ["headache"], "sex": "female", "pregnant": True}),
    ("RF07", "emergency", {"symptoms": ["cough"], "vitals": {"spo2": 90}}),
    ("RF07", "emergency", {"symptoms": ["cough"], "vitals": {"spo2": 87}, "medical_history": ["COPD"]}),
    ("RF08", "urgent", {"symptoms": ["cough"], "vitals": {"spo2": 93}}),
    ("RF09", "emergency", {"symptoms": ["cough"], "vitals": {"respiratory_rate": 25}}),
    ("RF09", "emergency", {"symptoms": ["tired"], "vitals": {"respiratory_rate": 8}}),
    ("RF09", "emergency", {"symptoms": ["tired"], "vitals": {"heart_rate": 131}}),
    ("RF09", "emergency", {"symptoms": ["tired"], "vitals": {"heart_rate": 40}}),
    ("RF09", "emergency", {"symptoms": ["tired"], "vitals": {"systolic": 90, "diastolic": 50}}),
    ("RF09", "emergency", {"symptoms": ["tired"], "vitals": {"temperature_c": 35.0}}),
    ("RF09", "emergency", {"symptoms": ["suddenly confused"]}),
    ("RF10", "emergency", {"symptoms": ["short of breath"], "vitals": {"systolic": 190, "diastolic": 100}}),
    ("RF10", "emergency", {"symptoms": ["blurred vision"], "vitals": {"systolic": 170, "diastolic": 125}}),
    ("RF11", "urgent", {"symptoms": ["blood pressure check"], "vitals": {"systolic": 185, "diastolic": 100}}),
    ("RF12", "emergency", {"symptoms": ["tired"], "sex": "female", "pregnant": True,
                           "vitals": {"systolic": 165, "diastolic": 100}}),
    ("RF12", "emergency", {"symptoms": ["headache"], "sex": "female", "pregnant": True,
                           "vitals": {"systolic": 142, "diastolic": 92}}),
    ("RF13", "emergency", {"symptoms": ["out of breath at rest"]}),
    ("RF13", "emergency", {"symptoms": ["blue lips"]}),
    ("RF13", "emergency", {"symptoms": ["can't finish a sentence"]}),
    ("RF13", "emergency", {"symptoms": ["coughing up a lot of blood"]}),
    ("RF14", "urgent", {"symptoms": ["cough", "fever"], "age": 70, "vitals": {"respiratory_rate": 31}}),
    ("RF15", "emergency", {"symptoms": ["seizure lasting 6 minutes"], "medical_history": ["epilepsy"]}),
    ("RF15", "emergency", {"symptoms": ["first ever seizure"]}),
    ("RF15", "emergency", {"symptoms": ["two seizures without waking"], "medical_history": ["epilepsy"]}),
    ("RF15", "emergency", {"symptoms": ["fit while swimming"], "medical_history": ["epilepsy"]}),
    ("RF15", "emergency", {"symptoms": ["seizure"], "sex": "female", "pregnant": True}),
    ("RF16", "emergency", {"symptoms": ["vomiting blood"]}),
    ("RF16", "emergency", {"symptoms": ["black tarry stools"]}),
    ("RF16", "emergency", {"symptoms": ["coffee ground vomit"]}),
    ("RF17", "urgent", {"symptoms": ["bloody diarrhoea", "fever"]}),
    ("RF17", "urgent", {"symptoms": ["diarrhoea"], "duration_days": 5}),
    ("RF17", "urgent", {"symptoms": ["diarrhoea"], "age": 0.5, "duration_days": 2}),
    ("RF17", "emergency", {"symptoms": ["diarrhoea", "passed out"]}),
    ("RF18", "emergency", {"symptoms": ["severe stomach pain, hard as a board"]}),
    ("RF18", "emergency", {"symptoms": ["stomach pain and fainting"]}),
    ("RF18", "emergency", {"symptoms": ["severe stomach pain"], "sex": "female", "pregnant": True}),
    ("RF19", "emergency", {"symptoms": ["double vision after eating home-canned beans"]}),
    ("RF20", "urgent", {"symptoms": ["indigestion"], "age": 63, "duration_days": 20}),
    ("RF20", "urgent", {"symptoms": ["heartburn", "losing weight"], "age": 56}),
    ("RF20", "urgent", {"symptoms": ["change in bowel habit"], "age": 50}),
    ("RF20", "urgent", {"symptoms": ["heartburn", "food gets stuck"], "age": 35}),
    ("RF21", "emergency", {"symptoms": ["suicidal, I have a plan"]}),
    ("RF21", "emergency", {"symptoms": ["tried to kill myself"]}),
    ("RF22", "urgent", {"symptoms": ["thoughts of suicide"]}),
    ("RF23", "urgent", {"symptoms": ["hearing voices"]}),
    ("RF23", "emergency", {"symptoms": ["want to hurt someone"]}),
    ("RF24", "emergency", {"symptoms": ["fever"], "age": 0.15}),
    ("RF24", "emergency", {"symptoms": ["floppy and hard to wake"], "age": 2}),
    ("RF24", "emergency", {"symptoms": ["grunting"], "age": 1}),
    ("RF25", "emergency", {"symptoms": ["fever", "mottled skin"]}),
    ("RF25", "emergency", {"symptoms": ["fever", "no urine all day"]}),
    ("RF26", "emergency", {"symptoms": ["swollen tongue"]}),
    ("RF26", "emergency", {"symptoms": ["hives all over", "wheezing"]}),
    ("RF26", "emergency", {"symptoms": ["throat closing up"]}),
    ("RF27", "urgent", {"symptoms": ["fever", "cough"], "age": 70}),
    ("RF27", "urgent", {"symptoms": ["flu"], "medical_history": ["diabetes"]}),
    ("RF28", "emergency", {"symptoms": ["ran out of levodopa", "fever and stiff"]}),
    ("RF29", "emergency", {"symptoms": ["left leg swollen", "short of breath"]}),
    ("RF30", "urgent", {"symptoms": ["panic attack for the first time"], "age": 50}),
]  # fmt: skip


def understood(interpreter: Interpreter, **fields: Any) -> Understood:
    symptoms = tuple(fields.pop("symptoms"))
    vitals = tuple(fields.pop("vitals", {}).items())
    history = tuple(fields.pop("medical_history", ()))
    defaults: dict[str, Any] = {"age": 35.0, "sex": "male"}
    return interpreter.understand(
        AskedOpinion(symptoms=symptoms, vitals=vitals, medical_history=history, **(defaults | fields))
    )


@pytest.mark.parametrize(("code", "urgency", "story"), CASES)
def test_the_flag_fires_alone(interpreter: Interpreter, code: str, urgency: str, story: dict[str, Any]) -> None:
    flags = {flag.code: flag.urgency for flag in understood(interpreter, **story).red_flags}
    assert code in flags, flags
    assert URGENCIES.index(flags[code]) >= URGENCIES.index(urgency)


@pytest.mark.parametrize(("code", "urgency", "story"), CASES)
def test_the_flag_fires_whatever_else_is_said(
    interpreter: Interpreter, code: str, urgency: str, story: dict[str, Any]
) -> None:
    story = story | {"symptoms": [*NOISE, *story["symptoms"]], "severity": "mild"}
    flags = {flag.code: flag.urgency for flag in understood(interpreter, **story).red_flags}
    assert code in flags, flags
    assert URGENCIES.index(flags[code]) >= URGENCIES.index(urgency)


@pytest.mark.parametrize(("code", "urgency", "story"), CASES)
def test_a_more_severe_story_is_never_less_urgent(
    interpreter: Interpreter, code: str, urgency: str, story: dict[str, Any]
) -> None:
    levels = []
    for severity in ("mild", "moderate", "severe"):
        flags = understood(interpreter, **(story | {"severity": severity})).red_flags
        levels.append(max(URGENCIES.index(flag.urgency) for flag in flags))
    assert levels == sorted(levels)


def test_every_rule_of_the_fact_sheet_is_in_the_table(interpreter: Interpreter) -> None:
    assert {code for code, _, _ in CASES} == {f"RF{number:02}" for number in range(1, 31)}


@pytest.mark.parametrize(
    "story",
    [
        {"symptoms": ["runny nose, sneezing, scratchy throat"]},
        {"symptoms": ["cough and chest sore when I cough"], "age": 30},
        {"symptoms": ["itchy red eye with sticky discharge"]},
        {"symptoms": ["low back pain after lifting boxes"]},
        {"symptoms": ["constipation"], "age": 30, "duration_days": 4},
        {"symptoms": ["stung by a bee, sore and itchy"]},
        {"symptoms": ["blocked nose, face pressure, headache"], "age": 30},
        {"symptoms": ["canker sore in mouth"]},
        {"symptoms": ["vomiting since last night"], "age": 25},
        {"symptoms": ["sore throat, cough, runny nose, no fever"], "age": 68},
        {"symptoms": ["no chest pain, no shortness of breath, just a cough"], "age": 60},
        {"symptoms": ["swollen sore throat and fever"], "age": 20},
        {"symptoms": ["tremor in right hand, slow, small steps"], "age": 70, "duration_days": 400},
        {"symptoms": ["my mother had a stroke; I have a cold"], "age": 40},
    ],
)
def test_everyday_complaints_raise_no_flag(interpreter: Interpreter, story: dict[str, Any]) -> None:
    flags = understood(interpreter, **story).red_flags
    assert not flags, [(flag.code, flag.matched) for flag in flags]


def test_male_sex_never_yields_a_pregnancy_flag(interpreter: Interpreter) -> None:
    found = understood(interpreter, symptoms=["pregnant", "stomach pain"], sex="male", medical_history=["pregnancy"])
    assert "pregnant" not in found.evidence.factors
    assert not any("pregnan" in caution.lower() for caution in found.cautions)


def test_news2_matches_worked_examples() -> None:
    normal = {"respiratory_rate": 16, "spo2": 98, "systolic": 120, "heart_rate": 70, "temperature_c": 37.0}
    score = early_warning(normal, age=40, confused=False, chronic_lung=False, pregnant=False)
    assert score is not None
    assert (score.score, score.band, score.missing) == (0, "low", ())
    sick = {"respiratory_rate": 25, "spo2": 92, "systolic": 95, "heart_rate": 112, "temperature_c": 39.2}
    score = early_warning(sick, age=40, confused=True, chronic_lung=False, pregnant=False)
    assert score is not None
    assert score.score == 3 + 2 + 2 + 2 + 2 + 3
    assert score.band == "high"


@pytest.mark.parametrize("who", [{"age": 10.0, "pregnant": False}, {"age": 30.0, "pregnant": True}])
def test_news2_is_not_for_children_or_in_pregnancy(who: dict[str, Any]) -> None:
    assert early_warning({"heart_rate": 140}, confused=False, chronic_lung=False, **who) is None


def test_chronic_lung_disease_is_scored_on_its_own_oxygen_scale() -> None:
    for chronic, expected in ((False, 3), (True, 0)):
        score = early_warning({"spo2": 89}, age=70, confused=False, chronic_lung=chronic, pregnant=False)
        assert score is not None
        assert score.score == expected


@pytest.mark.parametrize(
    ("vitals", "red"),
    [
        ({"respiratory_rate": 8}, "respiratory_rate"),
        ({"respiratory_rate": 25}, "respiratory_rate"),
        ({"spo2": 91}, "spo2"),
        ({"systolic": 90}, "systolic"),
        ({"systolic": 220}, "systolic"),
        ({"heart_rate": 40}, "heart_rate"),
        ({"heart_rate": 131}, "heart_rate"),
        ({"temperature_c": 35.0}, "temperature_c"),
    ],
)
def test_a_single_red_score_is_never_low_and_never_less_than_urgent(
    interpreter: Interpreter, vitals: dict[str, float], red: str
) -> None:
    found = understood(interpreter, symptoms=["cough"], vitals=vitals)
    assert found.early_warning is not None
    assert (found.early_warning.band, found.early_warning.red) == ("low-medium", (red,))
    assert max(URGENCIES.index(flag.urgency) for flag in found.red_flags) >= URGENCIES.index("urgent")


def test_new_confusion_alone_is_red() -> None:
    score = early_warning({"heart_rate": 70}, age=70, confused=True, chronic_lung=False, pregnant=False)
    assert score is not None
    assert (score.score, score.band, score.red) == (3, "low-medium", ("confusion",))
