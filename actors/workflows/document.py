"""`docs/workflows.md`, rendered from the table: `python -m actors.workflows.document > docs/workflows.md`."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from actors.kernel.contract.reactions import AnyReaction
from actors.workflows.table import all_reactions

_HEAD: Final = """# What follows from what

Rendered from `actors/workflows/`; a test holds this page to it. Kinds of entities know nothing of each other: what an
event of one entails in others is a rule of this table. A rule is pure; it is evaluated in the turn that stores the
event, and the letters that it owes lie in that turn's own document: owed as soon as the event is acknowledged, sent at
least once, carried out once. What a letter must quote is sealed under a person's key until it is sent. Kinds that agree
on something together (a booking and the calendars whose time it takes) write to each other themselves: see
[ARCHITECTURE.md](../ARCHITECTURE.md).

A rule that is added later does not reach back, and the rules of a feature that is off are not evaluated meanwhile.
`carewire react RULE --since TIME` goes over the journal with one rule, and tells nobody anything a second time.

To add a rule: a pure function with a docstring that says whom it tells what, a `Reaction` in the list of its subject
(`actors/workflows/<subject>.py`), a case in `tests/unit/workflows/test_rules.py` that names the event and what follows.
"""


def render(reactions: Sequence[AnyReaction]) -> str:
    """The page: its graph, and a row for each rule."""
    return "\n".join([_HEAD, "```mermaid", "graph LR", *_edges(reactions), "```", "", *_rows(reactions), ""])


def _edges(reactions: Sequence[AnyReaction]) -> Iterable[str]:
    for rule in reactions:
        for receiver in (*rule.to, *rule.connectors):
            yield f'  {rule.kind} -->|"{rule.event.__name__}: {rule.name}"| {receiver}'


def _rows(reactions: Sequence[AnyReaction]) -> Iterable[str]:
    yield "| rule | when | whom it tells what | writes to | feature |"
    yield "|---|---|---|---|---|"
    for rule in reactions:
        when = f"`{rule.kind}`: `{rule.event.__name__}`"
        receivers = ", ".join([f"`{kind}`" for kind in rule.to] + [f"connector `{name}`" for name in rule.connectors])
        yield f"| `{rule.name}` | {when} | {_first_line(rule)} | {receivers} | {rule.feature or '-'} |"


def _first_line(rule: AnyReaction) -> str:
    return (rule.rule.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.stdout.write(render(all_reactions()))
