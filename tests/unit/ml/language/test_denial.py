"""A denial must be sure before it takes a red flag away. Doubt counts as yes."""

import pytest

from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter, Understood
from ml.knowledge.medicines import Medicines
from ml.language.reader import TextReader
from ml.language.text import fold, name_key

NOT_DENIED = [
    "not only chest pain but also sweating",
    "not just chest pain, also arm pain",
    "no relief from chest pain",
    "not sure if it is chest pain",
    "without warning chest pain started",
    "never had chest pain this bad",
    "don't ignore my chest pain",
    "no improvement in my chest pain",
    "not the first time I have chest pain",
    "I can't walk without chest pain",
    "no longer have chest pain",
    "chest pain is not going away",
    "nothing helps my chest pain",
    "never felt chest pain like this before",
    "no chest pain until this morning",
    "I had no chest pain before today",
    "not without chest pain",
    "I don't deny chest pain",
    "don't I have chest pain?",
    "no doubt it is chest pain",
    "no idea why I have chest pain",
    "no medication touches the chest pain",
    "didn't expect chest pain",
    "I could not sleep because of chest pain",
    "no chest pain unless I climb stairs",
    "no chest pain except at night",
    "No chest pain. Now I do.",
    "no chest pain yesterday but now yes",
    "hardly a day without chest pain",
    "I don't think I have chest pain",
    "I don't know if this is chest pain",
    "not normal chest pain",
    "not mild chest pain",
    "no end to the chest pain",
    "never had such bad chest pain",
    "no other explanation for chest pain",
    "chest pain, not improving",
    "no releif from chest pain",
    "wihtout warning chest pain",
    "nobody believes my chest pain",
    "they say it isn't chest pain but it is",
    "it's not that I don't have chest pain",
    "no longer mild chest pain",
    "unlike previous headaches this is the worst headache of my life",
    "2 day history of chest pain",
    "chest pain in the past hour",
    "unknown cause chest pain",
    "since my father died i have had chest pain",
    "prior to this chest pain I was fine",
    "I am not used to this chest pain",
    "chest pain worse than last year",
    "chest pain since last year",
    "no fever chest pain",
    "not gradual weakness of left arm",
    "no, chest pain",
    "chest\u200b pain",
    "ch\u200best pain",
    "chest\u200bpain",
    "c\u00adhest pain",
    "CHEST PAIN",
    "\uff43\uff48\uff45\uff53\uff54 \uff50\uff41\uff49\uff4e",
    "no break from chest pain",
    "not had a moment without chest pain",
    "I wouldn't wish this chest pain on anyone",
    "never mind my cold, I have chest pain",
    "no one takes my chest pain seriously",
    "chest pain does not stop",
    "can't get rid of chest pain",
    "not able to ignore chest pain",
    "doctor found no cause for my chest pain",
    "no comparison with earlier chest pain",
    "never been without chest pain",
    "No rash but chest pain",
    "no more than ten minutes of chest pain",
]
DENIED = [
    "no chest pain",
    "I don't have any chest pain",
    "denies chest pain",
    "denies any chest pain or shortness of breath",
    "without chest pain",
    "no sign of chest pain",
    "there is no chest pain",
    "I have not had any chest pain",
    "I've never had chest pain",
    "no chest pain at the moment",
    "I am not having chest pain right now",
    "no fever, cough, or chest pain",
    "no fever/chills/chest pain",
    "neither fever nor chest pain",
    "negative for chest pain",
    "cough but no chest pain",
    "no chest pain, no shortness of breath, just a cough",
    "ain't got no chest pain",
    "no chest pain or pressure",
    "No complaints of chest pain",
    "does not report chest pain",
    "cough without chest pain",
    "I have a cough and no chest pain",
    "denies fever, chills, chest pain",
    "no pain in my chest",
    "not experiencing chest pain today",
    "no chest pain at all",
    "haven't noticed any chest pain",
    "no history of chest pain",
    "no hx of chest pain",
]


HEDGED = [
    "rarely without {x}",
    "never free from {x}",
    "I don't go a day without {x}",
    "I can't recall a day without {x}",
    "no hour passes without {x}",
    "I never said that I have no {x}",
    "who says I have no {x}",
    "it is wrong that I have no {x}",
    "far from having no {x}",
    "I wouldn't claim to have no {x}",
    "it is false that I have no {x}",
    "impossible to be without {x}",
    "I don't get through a day without {x}",
    "few days without {x}",
    "not one night without {x}",
    "I am not without {x}",
    "I find it hard to believe I have no {x}",
    "she doesn't believe that I have {x}",
    "I refuse to believe this is no {x}",
    "is this not {x}?",
    "they told me it is not {x}",
    "my doctor denies that I have {x}",
    "my doctor denied {x}",
    "I'd be glad to have no {x}",
    "if only I had no {x}",
    "supposedly no {x}",
    "allegedly no {x}",
    "apparently no {x}",
    "I was told I have no {x}",
    "according to him I have no {x}",
    "he claims not to have {x}",
    "he insists that he has no {x}",
    "she acts as if she had no {x}",
    "I fear it's not only stress but {x}",
    "I am not imagining {x}",
    "it isn't nothing, it is {x}",
    "don't know what to do about {x}",
    "not clear whether {x} is serious",
    "I question whether I have no {x}",
    "the nurse wrote no {x} but that is wrong",
    "the report says no {x} which is not true",
    "untrue that there is no {x}",
    "I lied when I said no {x}",
    "I said no {x} but I do",
    "forget what I said about no {x}",
    "I told them no {x} because I was ashamed",
    "I would say no {x} but my wife disagrees",
    "no {x}? yes, a lot",
    "no {x}, or maybe a little",
    "no {x} except a little",
    "hardly no {x}",
    "almost no {x}",
    "nearly no {x}",
    "not much {x}",
    "not a lot of {x}",
    "not really {x}",
    "no {x} to speak of",
    "no real {x}",
    "no {x} worth mentioning",
]
PLAIN = [
    "sore throat with no {x}",
    "cough for three days, no {x}",
    "I feel fine, no {x}",
    "My son has a runny nose but no {x}",
    "The baby is well and has no {x}",
    "on exam no {x}",
    "runny nose since monday without {x}",
    "sneezing and itchy eyes, no {x} so far",
    "I've got a cold but I don't have {x}",
    "Patient is a 40 year old man with cough, no {x}",
    "no {x}, no fever, just a blocked nose",
    "denies {x}, fever, chills",
    "denies any fever, {x} or chills",
    "He does not have {x}",
    "there was no {x} during the night",
    "I have had no {x} this week",
    "no {x} whatsoever",
    "definitely no {x}",
    "thankfully no {x}",
    "luckily I don't have {x}",
    "I certainly don't have {x}",
    "not had any {x}",
    "did not notice any {x}",
    "we have not seen any {x}",
    "negative for {x}",
    "no {x} reported",
    "no {x} noted",
    "no {x} yet",
    "never {x}",
    "no signs or symptoms of {x}",
    "currently no {x}",
    "still no {x}",
    "so far no {x}",
    "I am coughing but there is no {x}",
    "no {x} either",
    "not suffering from {x}",
    "no complaints of {x}",
    "no new symptoms, no {x}",
    "no {x} or anything like that",
    "no {x}. Just a cough.",
    "no {x} and no other symptoms",
    "there's never been any {x}",
    "nor do I have {x}",
    "haven't got {x}",
    "don't get {x}",
    "without any {x}",
    "absent {x}",
]


def understood(interpreter: Interpreter, *texts: str) -> Understood:
    return interpreter.understand(AskedOpinion(symptoms=texts, age=60, sex="male"))


@pytest.mark.parametrize("text", NOT_DENIED)
def test_what_is_not_surely_denied_raises_the_flag(interpreter: Interpreter, text: str) -> None:
    found = understood(interpreter, text)
    assert found.red_flags
    assert "chest_pain" not in found.evidence.absent


@pytest.mark.parametrize("text", DENIED)
def test_what_is_surely_denied_raises_none(interpreter: Interpreter, text: str) -> None:
    found = understood(interpreter, text)
    assert "chest_pain" in found.evidence.absent
    assert not [flag for flag in found.red_flags if flag.code in ("RF02", "RF03")]


@pytest.mark.parametrize("template", HEDGED)
def test_whatever_stands_before_or_behind_a_denial_makes_it_unsure(interpreter: Interpreter, template: str) -> None:
    assert understood(interpreter, template.format(x="chest pain")).red_flags


@pytest.mark.parametrize("template", PLAIN)
def test_a_plain_denial_is_heard_however_it_is_put(interpreter: Interpreter, template: str) -> None:
    assert "chest_pain" in understood(interpreter, template.format(x="chest pain")).evidence.absent


def test_doubt_about_what_speaks_against_a_flag_leaves_the_flag(interpreter: Interpreter) -> None:
    """RF03 is for chest pain that does not come with the breath; one that may or may not do so is still looked at."""
    assert "RF03" not in {one.code for one in understood(interpreter, "chest pain when I breathe in").red_flags}
    found = understood(interpreter, "chest pain", "not sure if it hurts when I breathe in")
    assert "RF03" in {one.code for one in found.red_flags}


def test_doubt_says_nothing_where_no_flag_asks(reader: TextReader) -> None:
    reading = reader.read(["I think no sneezing"])
    assert (reading.present, reading.absent, reading.doubtful) == (set(), set(), {"sneezing"})


@pytest.mark.parametrize(
    "spelt",
    [
        "St John\u2019s wort", "St. John\u2019s wort", "ST.JOHNS-WORT 300 mg", "Saint John`s wort",
        "st john\u00b4s-wort extract",
        "St.\u00a0John\u2019s  wort", "\uff33\uff34 \uff2a\uff2f\uff28\uff2e\uff33 \uff37\uff2f\uff32\uff34",
        "st jonhs wort",
        "st john's wart", "SJW", "hypericum perforatum", "St John\u200b's wo\u00adrt", "johanniskraut",
    ],
)  # fmt: skip
def test_every_usual_spelling_of_a_medicine_is_known(spelt: str) -> None:
    assert {one.ingredient for one in Medicines().resolve(spelt)} == {"st john's wort"}


def test_names_are_looked_up_without_signs_and_running_text_keeps_them() -> None:
    assert name_key(" Beta\u2011Lactam, 2.5 mg. ") == "beta lactam 2.5 mg"
    assert fold("Can\u2019t\u00a0br\u00adeathe; fever/chills") == "can't breathe; fever or chills"
