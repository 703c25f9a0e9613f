"""Trains the compact model of messages: softmax regression on hashed words, the same weights for one seed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch

from ml.messages.answer import MessageReader
from ml.messages.card import Fairness, message_card
from ml.messages.classifier import CARD, META, WEIGHTS, Halves, MessageMeta, MessageModel, digest
from ml.messages.corpus import NONE, Corpus, LabelledMessage, Task
from ml.messages.features import SPACE, features
from ml.messages.intents import IntentRules

TASKS: Final[tuple[Task, ...]] = ("intent", "safety")
EACH: Final = 3  # messages of a template and variety to learn from
EACH_HELD_OUT: Final = 4
STEPS: Final = 150
RATE: Final = 0.1
DECAY: Final = 1e-4
TEMPERATURES: Final = tuple(float(one) for one in np.geomspace(0.3, 3.0, 41))
ORDINARY_ALARMS: Final = 0.001  # share of ordinary held-out messages that the model may raise
HARD_ALARMS: Final = 0.05  # and of idioms, denials, topics
LOWEST_RAISE: Final = 0.4
Progress = Callable[[str], None]
Spoken = Callable[[str], Sequence[str]]  # the rules that speak for something in a text


def train(folder: Path, *, trained_at: str, seed: int, progress: Progress = lambda _: None) -> Path:
    """Train, calibrate, judge and store the model in `folder`; returns it.

    `trained_at` is an RFC 3339 time, handed in so that nothing here reads a clock.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    corpus, intents = Corpus(), IntentRules()
    spoken: dict[Task, Spoken] = {
        "intent": lambda text: [one.id for one in intents.spoken_for(text)],
        "safety": lambda _: [],
    }
    weights: dict[str, Halves] = {}
    held_out: dict[Task, list[LabelledMessage]] = {}
    for task in TASKS:
        learnt = list(corpus.examples(task, held_out=False, each=EACH, seed=seed))
        weights[task] = fit(learnt, corpus.labels(task), seed, spoken[task])
        held_out[task] = list(corpus.examples(task, held_out=True, each=EACH_HELD_OUT, seed=seed + 1))
        progress(f"{task}: {len(held_out[task])} messages held out")
    meta = MessageMeta(
        version=f"{corpus.data_hash[:6]}-{digest(weights)[:6]}",
        trained_at=trained_at,
        data_hash=corpus.data_hash,
        weights_hash=digest(weights),
        seed=seed,
        labels={task: list(corpus.labels(task)) for task in TASKS},
        temperature=dict.fromkeys(TASKS, 1.0),
        raise_at=1.0,
        figures={},
    )
    meta = _calibrated(meta, weights, held_out, spoken)
    fairness = judge(MessageReader(MessageModel(meta, weights)), MessageReader(None), held_out)
    figures = {
        "heard": _mean([one.heard for one in fairness]),
        "hard_alarms": _mean([one.hard_alarms for one in fairness]),
        "ordinary_alarms": _mean([one.ordinary_alarms for one in fairness]),
        "intents": _mean([one.intents for one in fairness]),
    }
    meta = msgspec.structs.replace(meta, figures=figures)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / WEIGHTS, **weights)  # type: ignore[arg-type] # numpy's stub takes the names for its own option
    (folder / META).write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=1) + b"\n")
    (folder / CARD).write_text(message_card(meta, fairness), encoding="utf-8")
    return folder


def judge(reader: MessageReader, rules: MessageReader, held_out: dict[Task, list[LabelledMessage]]) -> list[Fairness]:
    """The table of fairness: every variety on the same held-out templates."""
    table = []
    for variety in dict.fromkeys(one.variety for one in held_out["safety"]):
        safety = [one for one in held_out["safety"] if one.variety == variety]
        intents = [one for one in held_out["intent"] if one.variety == variety]
        danger = [one for one in safety if one.label != NONE]
        harmless = [one for one in safety if one.label == NONE]
        hard, ordinary = [one for one in harmless if one.hard], [one for one in harmless if not one.hard]
        right = [_first(reader, intent) == intent.label for intent in intents]
        table.append(
            Fairness(
                variety,
                heard=_mean([_raised(reader, one) for one in danger]),
                heard_by_rules=_mean([_raised(rules, one) for one in danger]),
                hard_alarms=_mean([_raised(reader, one) for one in hard]),
                ordinary_alarms=_mean([_raised(reader, one) for one in ordinary]),
                intents=_mean(right),
                count=len(safety) + len(intents),
            )
        )
    return table


def fit(examples: Sequence[LabelledMessage], labels: Sequence[str], seed: int, spoken: Spoken) -> Halves:
    """Weights (places and a bias, labels), float16."""
    torch.manual_seed(seed)
    at = {label: number for number, label in enumerate(labels)}
    places = [features(example.text, spoken(example.text)) for example in examples]
    flat = torch.tensor([place for row in places for place in row])
    offsets = torch.tensor(np.cumsum([0, *(len(row) for row in places[:-1])]))
    scale = torch.tensor([1 / max(1.0, len(row)) ** 0.5 for row in places]).unsqueeze(1)
    truth = torch.tensor([at[example.label] for example in examples])
    share = torch.bincount(truth, minlength=len(labels)).float()
    balance = (share.sum() / (len(labels) * share)) ** 0.5
    weights = torch.zeros(SPACE, len(labels), requires_grad=True)
    bias = torch.zeros(len(labels), requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        sums = torch.nn.functional.embedding_bag(flat, weights, offsets, mode="sum")
        loss = torch.nn.functional.cross_entropy(sums * scale + bias, truth, weight=balance)
        (loss + DECAY * weights.square().sum()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    whole: Halves = torch.cat([weights, bias.unsqueeze(0)]).detach().numpy().astype(np.float16)
    return whole


def _calibrated(
    meta: MessageMeta,
    weights: dict[str, Halves],
    held_out: dict[Task, list[LabelledMessage]],
    spoken: dict[Task, Spoken],
) -> MessageMeta:
    """With the temperatures that make held-out probabilities come true, and the bound from which the model raises."""
    plain = MessageModel(meta, weights)
    best: dict[str, float] = {}
    for task in TASKS:
        logits = np.array(
            [_logs(plain.probabilities(task, one.text, spoken[task](one.text))) for one in held_out[task]]
        )
        truth = np.array([meta.labels[task].index(one.label) for one in held_out[task]])
        best[task] = min(TEMPERATURES, key=lambda one, lg=logits, tr=truth: _log_loss(lg / one, tr))  # type: ignore[misc]
    meta = msgspec.structs.replace(meta, temperature=best)
    model = MessageModel(meta, weights)
    harmless = [one for one in held_out["safety"] if one.label == NONE]
    bound = LOWEST_RAISE
    for hard, share in ((True, HARD_ALARMS), (False, ORDINARY_ALARMS)):
        harm = [1 - model.probabilities("safety", one.text)[NONE] for one in harmless if one.hard is hard]
        bound = max(bound, float(np.quantile(harm, 1 - share)))
    return msgspec.structs.replace(meta, raise_at=round(bound, 4))


def _logs(chance: dict[str, float]) -> list[float]:
    return [float(np.log(max(one, 1e-12))) for one in chance.values()]


def _log_loss(logits: np.ndarray, truth: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    chance = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-chance[np.arange(len(truth)), truth].mean())


def _first(reader: MessageReader, message: LabelledMessage) -> object:
    labels = reader.classify(message.text, "intent")["labels"]
    assert isinstance(labels, list)
    return labels[0]["label"]


def _raised(reader: MessageReader, message: LabelledMessage) -> bool:
    return reader.classify(message.text, "safety")["severity"] != "normal"


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
