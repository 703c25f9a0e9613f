"""The model card of the model of messages, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml.messages.classifier import MessageMeta


@dataclass(frozen=True, slots=True)
class Fairness:
    """Figures of one variety of language: danger heard, harmless left alone, intents right. Shares of 1."""

    variety: str
    heard: float
    heard_by_rules: float
    hard_alarms: float
    ordinary_alarms: float
    intents: float
    count: int


def message_card(meta: MessageMeta, fairness: Sequence[Fairness]) -> str:
    """The card: what it is for, how it was made, and how well each variety is understood."""
    rows = "\n".join(
        f"| {one.variety} | {one.heard:.3f} | {one.heard_by_rules:.3f} | {one.hard_alarms:.3f} "
        f"| {one.ordinary_alarms:.3f} | {one.intents:.3f} | {one.count} |"
        for one in fairness
    )
    return f"""# Model of messages {meta.version}

Tells staff what a message wants (intent) and whether it speaks of harm (safety). Rules of crisis come first; the model
raises to `high` from a probability of harm of {meta.raise_at}, and lowers nothing. Trained at {meta.trained_at} from
templates written for Carewire (`messages.toml`, {meta.data_hash[:12]}), no message of anybody; seed {meta.seed}.

## How well each way of writing is understood

Held-out templates, the same for all, written in each way. Heard: messages of danger that are raised (rules and model;
rules alone beside it). Hard ones: idioms, denials, topics that are raised. Ordinary
ones: what people want of a practice.

| way of writing | danger heard | by rules alone | hard ones raised | ordinary ones raised | intents right | messages |
|---|---|---|---|---|---|---|
{rows}

The varieties are sketches of spelling and grammar, and templates and rules have one author: real messages are harder.
"""
