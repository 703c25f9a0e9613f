"""What people type, and what is understood of it."""

import itertools

import pytest

from ml.language.numbers import measure
from ml.language.reader import TextReader
from ml.language.text import fold

SAID = [
    ("tummy ache", {"abdominal_pain"}),
    ("my tummy hurts", {"abdominal_pain"}),
    ("cant breathe", {"shortness_of_breath"}),
    ("can\u2019t catch my breath", {"shortness_of_breath"}),
    ("SOB", {"shortness_of_breath"}),
    ("n/v/d", {"nausea", "vomiting", "diarrhea"}),
    ("HIGH FEVER", {"high_fever"}),
    ("burning up", {"high_fever"}),
    ("throwing up", {"vomiting"}),
    ("being sick", {"vomiting"}),
    ("feeling sick", {"nausea"}),
    ("loose stools", {"diarrhea"}),
    ("the runs", {"diarrhea"}),
    ("diarrhoea", {"diarrhea"}),
    ("pain in my chest", {"chest_pain"}),
    ("chest feels tight", {"chest_pressure"}),
    ("pounding heart", {"palpitations"}),
    ("head is pounding on one side", {"throbbing_headache"}),
    ("light hurts my eyes", {"light_sensitivity"}),
    ("worst headache of my life", {"thunderclap_headache"}),
    ("pins and needles in my fingers", {"numbness_tingling"}),
    ("my hands shake", {"tremor"}),
    ("not hungry", {"poor_appetite"}),
    ("no appetite", {"poor_appetite"}),
    ("no energy", {"fatigue"}),
    ("can't sleep", {"trouble_falling_asleep"}),
    ("keep waking up at night", {"waking_at_night"}),
    ("feeling really down", {"low_mood"}),
    ("don't enjoy anything any more", {"loss_of_interest"}),
    ("can't stop worrying", {"excessive_worry"}),
    ("coughing up green stuff", {"coloured_sputum"}),
    ("stuffed up nose", {"nasal_congestion"}),
    ("swollen ankles", {"swelling_legs"}),
    ("it burns when I pee", {"painful_urination"}),
    ("hurts when I breathe in", {"pleuritic_pain"}),
    ("ankle swelling", {"swelling_legs"}),
    ("left side of my face is drooping", {"facial_droop"}),
    ("blood pressure check", {"reported_high_bp"}),
]
MISSPELT = [
    ("diarreah", "diarrhea"),
    ("vomitting", "vomiting"),
    ("shortnes of breth", "shortness_of_breath"),
    ("chest pian", "chest_pain"),
    ("headach", "headache"),
    ("diziness", "dizziness"),
    ("palpatations", "palpitations"),
    ("nausous", "nausea"),
]
NOT_SAID = ["xyzzy plugh", "\u5934\u75db", "\U0001f912", "asdf qwer", "blue bicycle", "...", "hello there"]


@pytest.mark.parametrize(("text", "expected"), SAID)
def test_lay_phrases_are_understood(reader: TextReader, text: str, expected: set[str]) -> None:
    reading = reader.read([text])
    assert expected <= reading.present, reading
    assert not reading.unrecognised


@pytest.mark.parametrize(("text", "expected"), MISSPELT)
def test_misspellings_are_mended(reader: TextReader, text: str, expected: str) -> None:
    assert expected in reader.read([text]).present


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_is_not_recognised_is_returned_and_never_guessed(reader: TextReader, text: str) -> None:
    reading = reader.read([text])
    assert not reading.present
    assert reading.unrecognised == [text]


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("no fever", set(), {"fever"}),
        ("No fever, cough or chills", set(), {"fever", "cough", "chills"}),
        ("denies chest pain, shortness of breath", set(), {"chest_pain", "shortness_of_breath"}),
        ("headache but no light sensitivity", {"headache"}, {"light_sensitivity"}),
        ("fever and cough but not short of breath", {"fever", "cough"}, {"shortness_of_breath"}),
        ("I don't have a fever or cough, just a headache", {"headache"}, {"fever", "cough"}),
        ("cough without phlegm", {"dry_cough"}, set()),
        ("never had chest pain", set(), {"chest_pain"}),
        ("no fever but a bad cough", {"cough"}, {"fever"}),
        ("temp of 36.8", set(), {"fever"}),
    ],
)
def test_negation_is_absence_and_reaches_as_far_as_it_is_meant(
    reader: TextReader, text: str, present: set[str], absent: set[str]
) -> None:
    reading = reader.read([text])
    assert present <= reading.present
    assert absent <= reading.absent
    assert not reading.present & absent


def test_a_whole_sentence_gives_all_of_its_complaints(reader: TextReader) -> None:
    reading = reader.read(["I've had a cough for two weeks, bringing up yellow phlegm, and I'm wheezy at night"])
    assert {"cough", "coloured_sputum", "wheeze"} <= reading.present
    assert reading.duration_days == 14


def test_what_relatives_had_and_what_is_long_past_is_not_the_patients(reader: TextReader) -> None:
    reading = reader.read(["my mother had a stroke. I have pins and needles"])
    assert reading.present == {"numbness_tingling"}
    assert "seizure" not in reader.read(["history of seizures, now a sore throat"]).present


def test_present_wins_over_denied_elsewhere(reader: TextReader) -> None:
    reading = reader.read(["fever since monday", "no fever today"])
    assert "fever" in reading.present
    assert "fever" not in reading.absent


@pytest.mark.parametrize(
    ("text", "vitals"),
    [
        ("temp of 39", {"temperature_c": 39.0}),
        ("fever of 102", {"temperature_c": 38.89}),
        ("102F", {"temperature_c": 38.89}),
        ("38.5 C", {"temperature_c": 38.5}),
        ("temperature is 101.3 f", {"temperature_c": 38.5}),
        ("bp 180/110", {"systolic": 180.0, "diastolic": 110.0}),
        ("blood pressure 150 over 95", {"systolic": 150.0, "diastolic": 95.0}),
        ("pulse 130", {"heart_rate": 130.0}),
        ("oxygen 88%", {"spo2": 88.0}),
        ("sats of 91", {"spo2": 91.0}),
        ("respiratory rate 28", {"respiratory_rate": 28.0}),
        ("temp of 60", {}),
        ("pain 9/10", {}),
    ],
)
def test_numbers_in_words_are_vital_signs_when_a_body_can_have_them(text: str, vitals: dict[str, float]) -> None:
    assert measure(fold(text)).vitals == vitals


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("cough for 3 days", 3),
        ("since yesterday", 1),
        ("for the past two weeks", 14),
        ("started 6 months ago", 180),
        ("for a year", 365),
        ("3 week history of cough", 21),
        ("cough", None),
    ],
)
def test_durations_are_read(text: str, days: float | None) -> None:
    assert measure(fold(text)).duration_days == days


def test_histories_become_factors_and_unknown_entries_come_back(reader: TextReader) -> None:
    factors, unknown = reader.read_history(["type 2 diabetes", "smoker", "no asthma", "flumph disease"])
    assert factors == {"diabetes", "smoker"}
    assert unknown == ["flumph disease"]


COMPLAINTS = (
    "cough", "fever", "sore throat", "headache", "chest pain", "shortness of breath", "nausea", "vomiting", "diarrhea",
    "abdominal pain", "dizziness", "fatigue", "anxiety", "insomnia", "rash", "runny nose", "body aches", "palpitations",
    "leg swelling", "blurred vision", "tremor", "heartburn", "bloating", "high blood pressure", "wheezing", "sweating",
)  # fmt: skip


@pytest.mark.parametrize("joined", [" and ", " & ", " with ", ", ", "; "])
def test_two_complaints_in_one_breath_are_what_each_is_alone(reader: TextReader, joined: str) -> None:
    """No phrase borrows a word from the complaint beside it: "sore throat and cough" is no pain on coughing."""
    alone = {one: reader.read([one]).present for one in COMPLAINTS}
    for one, other in itertools.permutations(COMPLAINTS, 2):
        assert reader.read([one + joined + other]).present == alone[one] | alone[other], one + joined + other


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pain in chest and arm", {"chest_pain", "limb_pain", "radiating_pain"}),
        ("fever and a stiff neck", {"fever", "neck_pain", "stiff_neck"}),
        ("pain down my leg", {"leg_pain_from_back"}),
        ("down", {"low_mood"}),
        ("facial droop", {"facial_droop"}),
        ("blurring vision", {"blurred_vision"}),
        ("low blood pressure", set()),
        ("stomach problems", {"abdominal_pain"}),
        ("chest pain when I press on it", {"chest_pain", "chest_wall_tender"}),
        ("sinus pain and pressure", {"sinus_pressure"}),
    ],
)
def test_words_that_were_once_misread(reader: TextReader, said: str, meant: set[str]) -> None:
    assert reader.read([said]).present == meant
