"""PHQ-9 and GAD-7: totals, bands and what follows. A screen, no diagnosis. Sources: R70, R71, R81, R83, R84."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from common.errors import InvalidArgument
from ml.answers.judgement import CRISIS

Instrument = Literal["phq9", "gad7"]
POSITIVE_FROM: Final = 10
SHORT_POSITIVE_FROM: Final = 3
ASK_ITEM_9: Final = "Item 9, thoughts of death or self-harm, was left blank: ask about it before the score is used."


@dataclass(frozen=True, slots=True)
class _Form:
    items: int
    may_miss: int
    bands: tuple[tuple[int, str], ...]
    short: str
    sources: tuple[str, ...]


FORMS: Final[dict[Instrument, _Form]] = {
    "phq9": _Form(
        items=9,
        may_miss=2,
        bands=((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately severe"), (27, "severe")),
        short="PHQ-2",
        sources=("R70", "R81", "R83"),
    ),
    "gad7": _Form(
        items=7,
        may_miss=1,
        bands=((4, "minimal"), (9, "mild"), (14, "moderate"), (21, "severe")),
        short="GAD-2",
        sources=("R71", "R84"),
    ),
}


def score(instrument: Instrument, answers: Sequence[int | None]) -> dict[str, object]:
    """Total, band and action points. `answers` are 0-3 in the instrument's order; None is a blank.

    Up to 2 of 9 (PHQ-9) or 1 of 7 (GAD-7) blanks are prorated, halves up, and the answer names them. A blank ninth item
    of the PHQ-9 is no "not at all": the answer says that it has to be asked.

    Raises:
        InvalidArgument: the number of answers is wrong, one is not 0-3, or too many are blank.
    """
    form = FORMS[instrument]
    if len(answers) != form.items or any(answer is not None and answer not in (0, 1, 2, 3) for answer in answers):
        raise InvalidArgument(f"Give {form.items} answers from 0 to 3.", details={"field": "answers"})
    given = [answer for answer in answers if answer is not None]
    thoughts = answers[8] if instrument == "phq9" else None
    blank = [item for item, one in enumerate(answers, start=1) if one is None]
    missing = len(blank)
    if missing > form.may_miss:
        if thoughts:
            return _crisis({"instrument": instrument, "total": None, "band": None, "positive": None, "blank": blank})
        raise InvalidArgument(f"More than {form.may_miss} answers are missing.", details={"field": "answers"})
    total = _half_up(sum(given) * form.items, len(given))
    short = [answer for answer in answers[:2] if answer is not None]
    result: dict[str, object] = {
        "instrument": instrument,
        "total": total,
        "band": next(name for bound, name in form.bands if total <= bound),
        "positive": total >= POSITIVE_FROM,
        "prorated": missing > 0,
        "blank": blank,
        "short_form": {
            "name": form.short,
            "total": sum(short),
            "positive": sum(short) >= SHORT_POSITIVE_FROM,
        },
        "action": "Further assessment by a clinician." if total >= POSITIVE_FROM else "No further step from the score.",
        "sources": list(form.sources),
        "disclaimer": "A screening result is positive or negative. It is not a diagnosis.",
    }
    if instrument == "phq9":
        result["pattern"] = _phq9_pattern(answers)
        if thoughts is None:
            result["action"] = f"{ASK_ITEM_9} {result['action']}"
            result["warnings"] = [ASK_ITEM_9]
    return _crisis(result) if thoughts else result


def _half_up(numerator: int, denominator: int) -> int:
    """The quotient to the nearest whole number, halves up (`round` takes 4.5 to 4). Source: R70, prorated totals."""
    return (2 * numerator + denominator) // (2 * denominator)


def _phq9_pattern(answers: Sequence[int | None]) -> str:
    """The PHQ-9 algorithm (R70). Bereavement, bipolar history, drugs and illness are for the clinician to exclude."""
    more = [one is not None and one >= (1 if item == 8 else 2) for item, one in enumerate(answers)]
    core = more[0] or more[1]
    if core and sum(more) >= 5:
        return "compatible with major depressive syndrome"
    if core and 2 <= sum(more) <= 4:
        return "compatible with other depressive syndrome"
    return "no depressive syndrome by the algorithm"


def _crisis(result: dict[str, object]) -> dict[str, object]:
    """Item 9: same-day human contact whatever the total."""
    return result | {
        "crisis": CRISIS,
        "urgency": "urgent",
        "action": "Contact with a person the same day and a full risk assessment (C-SSRS), whatever the total.",
    }
