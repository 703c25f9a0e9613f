"""Complaints as records name them: nouns for verbs, "of" and "in" for where it is, "problem with", turned round."""

import pytest

from ml.language.kinds import kind_phrases
from ml.language.reader import TextReader

FRAMES = ("{} problem", "problem with {}", "problems with {}", "disturbance of {}", "disorder of {}", "{} disorder",
          "difficulty with {}", "{} difficulties", "abnormality of {}", "impairment of {}", "{}, impaired",
          "dysfunction of {}")  # fmt: skip
FUNCTIONS = [
    ("sleep", "trouble_falling_asleep"), ("appetite", "poor_appetite"), ("vision", "blurred_vision"),
    ("hearing", "hearing_loss"), ("voice", "hoarse_voice"), ("speech", "speech_difficulty"),
    ("swallowing", "difficulty_swallowing"), ("breathing", "shortness_of_breath"), ("walking", "balance_problem"),
    ("gait", "balance_problem"), ("balance", "balance_problem"), ("memory", "memory_problem"),
    ("concentration", "poor_concentration"), ("smell", "loss_smell_taste"), ("sensation", "numbness_tingling"),
    ("consciousness", "loss_of_awareness"), ("menstruation", "period_pain"), ("heart rhythm", "palpitations"),
]  # fmt: skip
PLACES = [
    ("throat", "sore_throat"), ("neck", "neck_pain"), ("back", "back_pain"), ("chest", "chest_pain"),
    ("knee", "joint_pain_local"), ("hand", "limb_pain"), ("abdomen", "abdominal_pain"), ("ear", "ear_pain"),
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("function", "symptom"), FUNCTIONS)
def test_a_function_that_goes_wrong_is_read_in_every_frame(
    reader: TextReader, frame: str, function: str, symptom: str
) -> None:
    assert symptom in reader.read([frame.format(function)]).present


@pytest.mark.parametrize(
    "frame", ["pain in {}", "pain of {}", "{} pain", "soreness of the {}", "pain, {}", "{}, aching"]
)
@pytest.mark.parametrize(("place", "symptom"), [*PLACES, ("head", "headache")])
def test_where_it_hurts_is_read_with_of_and_in(reader: TextReader, frame: str, place: str, symptom: str) -> None:
    present = reader.read([frame.format(place)]).present
    assert symptom in present or (symptom == "joint_pain_local" and present)


@pytest.mark.parametrize("frame", ["{} symptoms", "symptoms of {}", "symptoms referable to the {}", "{} complaint"])
@pytest.mark.parametrize(("place", "symptom"), PLACES)
def test_a_place_alone_is_a_complaint_of_it(reader: TextReader, frame: str, place: str, symptom: str) -> None:
    assert symptom in reader.read([frame.format(place)]).present


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("inability to sleep", "trouble_falling_asleep"), ("lack of coordination", "balance_problem"),
        ("loss of sense of taste", "loss_smell_taste"), ("appetite, decreased", "poor_appetite"),
        ("retention of urine", "urinary_retention"), ("cephalalgia", "headache"), ("odynophagia", "sore_throat"),
        ("precordial pain", "chest_pain"), ("obstruction of nose", "nasal_congestion"),
        ("feeding problem", "unwell_infant"),
        ("change in bowel function", "alternating_bowel"), ("increased urination", "frequent_urination"),
        ("weakness, right sided", "one_sided_weakness"), ("stool, black", "black_stool"),
    ],
)  # fmt: skip
def test_the_ways_of_records_are_read(reader: TextReader, text: str, symptom: str) -> None:
    assert symptom in reader.read([text]).present


def test_a_turned_round_entry_takes_no_word_of_a_complaint_beside_it(reader: TextReader) -> None:
    assert reader.read(["cough, throat sore"]).present == {"cough", "sore_throat"}
    assert reader.read(["no appetite, cough"]).present == {"poor_appetite", "cough"}


def test_every_phrase_of_a_kind_is_read_as_what_it_says(reader: TextReader) -> None:
    for symptom, phrases in kind_phrases().items():
        for phrase in phrases:
            assert symptom in reader.read([phrase]).present, phrase
