"""Messages: rules of crisis first, then a model that may raise and never lower; and what a message wants."""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from config.ml import MlSettings
from ml.messages.answer import MessageReader
from ml.messages.classifier import FOLDER, MessageModel, MessageModelError
from ml.messages.corpus import NONE, Corpus
from ml.messages.features import SPACE, features
from ml.messages.training import fit
from ml.safety.screen import CrisisScreen

CASES = Path(__file__).parent / "cases" / "messages.csv"
HARMLESS = {"idiom", "past", "denied", "topic", "ordinary"}


@pytest.fixture(scope="module")
def screen() -> CrisisScreen:
    return CrisisScreen()


@pytest.fixture(scope="module")
def model() -> MessageModel:
    return MessageModel.load(MlSettings().artifacts / FOLDER)


@pytest.fixture(scope="module")
def reader(model: MessageModel, screen: CrisisScreen) -> MessageReader:
    return MessageReader(model, screen)


def development() -> list[dict[str, str]]:
    """Every other row; the others are judged for the record (`python -m tests.unit.ml.messages_judging`)."""
    with CASES.open(encoding="utf-8", newline="") as file:
        return [row for number, row in enumerate(csv.DictReader(file)) if number % 2 == 0]


def test_danger_is_heard_by_rule_and_the_harmless_is_left_alone(screen: CrisisScreen) -> None:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in development():
        raised = screen.read(row["text"]).severity != "normal"
        name = row["group"] if row["kind"] == NONE else "danger"
        total[name] += 1
        right[name] += raised is (row["kind"] != NONE)
    shares = {name: right[name] / total[name] for name in total}
    assert shares["danger"] >= 0.97, shares
    assert all(shares[name] >= 0.95 for name in HARMLESS), shares


@pytest.mark.parametrize(
    "row", [row for row in development() if row["severity"] == "emergency"], ids=lambda row: row["text"]
)
def test_plan_means_attempt_and_violence_are_emergencies(screen: CrisisScreen, row: dict[str, str]) -> None:
    finding = screen.read(row["text"])
    assert finding.severity == "emergency", finding
    assert row["kind"] in finding.kinds


@pytest.mark.parametrize(
    "text",
    [
        "I want to d\u200bie", "I\u00a0want\u00a0to\u00a0die", "I don\u2019t want to live any more", "I WANT TO DIE",
        "\uff29 \uff57\uff41\uff4e\uff54 \uff54\uff4f \uff44\uff49\uff45", "i want to ki\u00adll myself",
        "I\u200bwant\u200bto\u200bdie",
    ],
)  # fmt: skip
def test_what_is_hidden_or_dressed_up_is_heard(screen: CrisisScreen, text: str) -> None:
    assert screen.read(text).severity != "normal"


def test_doubt_counts_and_a_sure_denial_does_not(screen: CrisisScreen) -> None:
    assert screen.read("I am not suicidal").severity == "normal"
    for text in (
        "I am not suicidal any more",
        "not sure if I am suicidal",
        "I am not suicidal, am I?",
        "never this suicidal",
    ):
        assert screen.read(text).severity != "normal", text


def test_ordinary_messages_hardly_ever_go_past_the_first_look(screen: CrisisScreen) -> None:
    texts = [
        one.text for one in Corpus().examples("intent", held_out=False, each=1, seed=3) if one.variety == "standard"
    ]
    raised = [text for text in texts if screen.read(text).severity != "normal"]
    assert len(raised) <= len(texts) / 1000 + 1, raised


def test_the_model_raises_what_the_rules_let_pass_and_lowers_nothing(
    reader: MessageReader, screen: CrisisScreen
) -> None:
    ranks = ("normal", "high", "emergency")
    raised = 0
    for one in Corpus().examples("safety", held_out=True, each=1, seed=9):
        rules, answer = screen.read(one.text).severity, str(reader.classify(one.text, "safety")["severity"])
        assert ranks.index(answer) >= ranks.index(rules)
        raised += answer != rules
    assert raised > 0


def test_an_answer_names_rules_labels_and_model(reader: MessageReader, model: MessageModel) -> None:
    answer = reader.classify("I am going to kill myself tonight", "safety")
    assert answer["severity"] == "emergency"
    assert str(answer["rules"]).startswith("['plan'")
    labels = answer["labels"]
    assert isinstance(labels, list)
    assert labels[0]["label"] == "self_harm"
    assert labels[0]["probability"] >= 0.95
    assert {one["label"] for one in labels} == {"self_harm", "harm_to_others", "abuse", "medical_emergency", NONE}
    assert answer["model"] == {"version": model.meta.version, "trained_at": model.meta.trained_at}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Could I get an appointment next Tuesday afternoon?", "book"), ("I have to cancel tomorrow", "cancel"),
        ("can we move our session to Friday", "move"), ("please send me the invoice again", "pay"),
        ("can I take ibuprofen with my tablets", "medicine_question"), ("the video does not work", "technical"),
        ("thank you so much for today", "thanks"), ("I slept better this week", "other"),
    ],
)  # fmt: skip
def test_what_a_message_wants(reader: MessageReader, text: str, label: str) -> None:
    labels = reader.classify(text, "intent")["labels"]
    assert isinstance(labels, list)
    assert labels[0]["label"] == label
    assert sum(one["probability"] for one in labels) == pytest.approx(1, abs=0.01)


def test_without_a_model_the_rules_answer_alone(screen: CrisisScreen) -> None:
    alone = MessageReader(None, screen)
    answer = alone.classify("my husband hits me", "safety")
    assert (answer["severity"], "violence" in str(answer["rules"])) == ("emergency", True)
    assert "model" not in answer
    assert alone.classify("please cancel my session", "intent")["rules"] == ["says_cancel"]
    assert alone.classify("hello", "safety")["severity"] == "normal"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "...", "\U0001f600", "a" * 8000, "kill my " * 1000])
def test_any_text_has_an_answer(reader: MessageReader, text: str) -> None:
    for task in ("intent", "safety"):
        assert reader.classify(text, task)["labels"]


def test_features_are_places_of_the_space_and_the_same_for_the_same_text() -> None:
    found = features("I can\u2019t come on Monday", ["says_cancel"])
    assert found == features("i can't COME on monday", ["says_cancel"])
    assert found == sorted(set(found))
    assert all(0 <= one < SPACE for one in found)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = MlSettings().artifacts / FOLDER
    for name in ("weights.npz", "model.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    MessageModel.load(tmp_path)  # setup is sound
    meta = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(meta | {"weights_hash": "0" * 64}))
    with pytest.raises(MessageModelError, match="not those"):
        MessageModel.load(tmp_path)
    (tmp_path / "weights.npz").write_bytes(b"no archive")
    with pytest.raises(MessageModelError, match="cannot be read"):
        MessageModel.load(tmp_path)


def test_the_model_that_ships_was_trained_on_the_data_that_ships(model: MessageModel) -> None:
    assert model.meta.data_hash == Corpus().data_hash


def test_the_same_seed_gives_the_same_weights() -> None:
    corpus = Corpus()
    some = list(corpus.examples("safety", held_out=False, each=1, seed=4))[::40]
    once, again = (fit(some, corpus.labels("safety"), 4, lambda _: []) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert once.shape == (SPACE + 1, len(corpus.labels("safety")))


def test_the_screen_imports_neither_torch_nor_numpy() -> None:
    code = "import ml.safety.screen, sys; sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
