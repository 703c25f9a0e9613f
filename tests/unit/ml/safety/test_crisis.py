"""Words of crisis: by rule, and never by likeness."""

import pytest

from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter


def recognised(interpreter: Interpreter, text: str) -> frozenset[str]:
    return interpreter.understand(AskedOpinion(symptoms=(text,), age=40, sex="female")).evidence.present


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("I want to die", "suicidal_thoughts"),
        ("thinking of killing myself", "suicidal_thoughts"),
        ("thoughts of death, self-harm or suicide", "suicidal_thoughts"),
        ("everyone would be better off without me", "suicidal_thoughts"),
        ("I don\u2019t want to be here any more", "suicidal_thoughts"),
        ("i wanna kms", "suicidal_thoughts"),
        ("sui\u200bcidal", "suicidal_thoughts"),
        ("I keep hurting myself", "suicidal_thoughts"),
        ("no reason to live", "suicidal_thoughts"),
        ("I am going to kill myself tonight", "suicide_plan"),
        ("I have been saving up my tablets", "suicide_plan"),
        ("tried to hang myself", "suicide_plan"),
        ("wrote a goodbye letter", "suicide_plan"),
        ("my son says he will kill himself", "suicide_plan"),
        ("I want to hurt my husband", "harm_to_others"),
        ("urge to stab my boss", "harm_to_others"),
        ("afraid I might harm my baby", "harm_to_others"),
    ],
)
def test_a_crisis_is_heard(interpreter: Interpreter, text: str, meant: str) -> None:
    assert meant in recognised(interpreter, text)


@pytest.mark.parametrize(
    "text",
    [
        "this cough is killing me", "my feet are killing me", "this traffic is killing me", "I could kill for a coffee",
        "could you kill the notifications", "my mum will kill me if I miss it", "killing time", "I am dying of boredom",
        "I jumped off the bus early", "the worksheet on suicide prevention helped", "I hurt myself lifting boxes",
        "my brother killed himself last year", "s\u00ed, me duele la cabeza", "shooting pain in my leg",
        "I cut myself shaving", "dead tired", "my knee hurts, I hit him at football", "ran out of pills",
    ],
)  # fmt: skip
def test_a_manner_of_speaking_is_no_crisis(interpreter: Interpreter, text: str) -> None:
    assert not recognised(interpreter, text) & {"suicidal_thoughts", "suicide_plan", "harm_to_others"}


@pytest.mark.parametrize("text", ["not suicidal", "no thoughts of suicide", "denies any suicidal ideation"])
def test_a_sure_denial_is_heard_too(interpreter: Interpreter, text: str) -> None:
    understood = interpreter.understand(AskedOpinion(symptoms=(text,), age=40, sex="female"))
    assert "suicidal_thoughts" in understood.evidence.absent
    assert not understood.red_flags


@pytest.mark.parametrize("text", ["not suicidal any more", "I was never this suicidal", "not sure if I am suicidal"])
def test_a_crisis_that_may_be_denied_counts(interpreter: Interpreter, text: str) -> None:
    assert "suicidal_thoughts" in recognised(interpreter, text)
