"""What is to be known of the model of messages, as Markdown."""

from collections.abc import Sequence
from typing import Protocol

from ml.messages.classifier import MessageMeta


class Row(Protocol):
    """A row of the table of fairness."""

    variety: str
    heard: float
    heard_by_rules: float
    false_alarms: float
    intents: float
    count: int


def message_card(meta: MessageMeta, fairness: Sequence[Row]) -> str:
    """The card: what it is for, how it was made, and how well each variety is understood."""
    rows = "\n".join(
        f"| {one.variety} | {one.heard:.3f} | {one.heard_by_rules:.3f} | {one.false_alarms:.3f} | {one.intents:.3f} "
        f"| {one.count} |"
        for one in fairness
    )
    return f"""# Model of messages {meta.version}

Tells staff what a message wants (intent) and whether it speaks of harm (safety). Rules of crisis come first; the model
raises to `high` from a probability of harm of {meta.raise_at}, and lowers nothing. Trained at {meta.trained_at} from
templates written for Carewire (`messages.toml`, {meta.data_hash[:12]}), no message of anybody; seed {meta.seed}.

## How well each way of writing is understood

Held-out templates, the same for all, written in each way. Heard: messages of danger that are raised (rules and model;
rules alone beside it). False alarms: harmless ones that are raised, idioms and denials among them. Intents: right first.

| way of writing | danger heard | by rules alone | false alarms | intents | messages |
|---|---|---|---|---|---|
{rows}

The varieties are sketches of spelling and grammar, and templates and rules have one author: real messages are harder.
"""
