"""How a worksheet fares, in figures of nobody: who answered what, how scores lie, how well items go together."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from actors.worksheets.schema.expressions.values import is_empty, number_text, numeric
from actors.worksheets.schema.fields import UNANSWERED, WORDS, Field, Schema, Score
from actors.worksheets.schema.scoring import Scored, counted
from actors.worksheets.worksheet.suppression import Cohort

Figure = float | int | None
_SKIPPED = "\0skipped"
_NO_BAND = "\0none"


class AnsweredField(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as figures see it. `at` in ms; `minutes`: from its beginning; None: it came from
    elsewhere, and nobody knows."""

    person: str
    at: int
    late: bool
    minutes: int | None
    month: str
    answers: Mapping[str, Any]
    scores: Mapping[str, Scored | None]


class FieldFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a field was answered. Of texts, and of what is sensitive, there are counts only: the others are left out."""

    field: str
    n: Figure
    skipped: Figure
    distribution: dict[str, Figure] | UnsetType | None = UNSET
    mean: Figure | UnsetType = UNSET


class ScoreFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a score lies. `alpha`: Cronbach's, of the items of a sum."""

    score: str
    n: Figure
    mean: Figure
    sd: Figure
    bands: dict[str, Figure] | UnsetType | None = UNSET
    alpha: Figure | UnsetType = UNSET


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The same of one month."""

    month: str
    persons: Figure
    assigned: Figure
    submitted: Figure
    late: Figure


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Figures of a worksheet. None: of too few people. `suppressed`: how many are."""

    persons: Figure
    assigned: Figure
    submitted: Figure
    late: Figure
    median_minutes: Figure
    fields: list[FieldFigures]
    scores: list[ScoreFigures]
    suppressed: int
    groups: list[Group] | None = None


def figures(
    schema: Schema, answered: Sequence[AnsweredField], assigned: Sequence[tuple[str, str]], *, least: int, months: bool
) -> Figures:
    """All of them. `assigned`: of each assignment the person, and the month."""
    cohort = Cohort(least)
    people, given = {one.person for one in answered}, {person for person, _ in assigned}
    late, on_time = {one.person for one in answered if one.late}, {one.person for one in answered if not one.late}
    told_late = cohort.large(late) and cohort.large(on_time) and cohort.large(people)
    timed = [one for one in answered if one.minutes is not None]
    minutes = [one.minutes for one in timed if one.minutes is not None]
    return Figures(
        persons=cohort.figure(len(given | people), given | people),
        assigned=cohort.figure(len(assigned), given),
        submitted=cohort.figure(len(answered), people),
        late=cohort.figure(sum(one.late for one in answered), people if told_late else {""}),
        median_minutes=cohort.figure(median(minutes) if minutes else None, {one.person for one in timed}),
        fields=[_field(one, answered, people, cohort) for one in schema.fields if one.type not in UNANSWERED],
        scores=[_score(one, schema, answered, cohort) for one in schema.scores],
        groups=_groups(answered, assigned, cohort) if months else None,
        suppressed=cohort.suppressed,
    )


def _field(field: Field, answered: Sequence[AnsweredField], people: set[str], cohort: Cohort) -> FieldFigures:
    given = [(one.person, one.answers[field.id]) for one in answered if not is_empty(one.answers.get(field.id))]
    without = [one.person for one in answered if is_empty(one.answers.get(field.id))]
    who = {person for person, _ in given}
    if field.type in WORDS or field.sensitive:
        told = cohort.large(who) and cohort.large(set(without)) and cohort.large(people)
        n, skipped = (len(given), len(without)) if told else (None, None)
        cohort.suppressed += 0 if told else 2
        return FieldFigures(field=field.id, n=n, skipped=skipped)
    if not cohort.large(people):
        cohort.suppressed += 2
        return FieldFigures(field=field.id, n=None, skipped=None, distribution=None, mean=None)
    if field.type == "multi_choice":
        return _choices(field, given, without, cohort)
    cells: dict[str, list[str]] = {_SKIPPED: without} if without else {}
    for person, value in given:
        cells.setdefault(_cell(value), []).append(person)
    gone = cohort.hidden(cells)
    distribution: dict[str, Figure] = {
        name: None if name in gone else len(persons) for name, persons in sorted(cells.items()) if name != _SKIPPED
    }
    counts = [count for _, value in given if (count := counted(field, value)) is not None]
    return FieldFigures(
        field=field.id,
        n=None if _SKIPPED in gone else len(given),
        skipped=None if _SKIPPED in gone else len(without),
        distribution=distribution,
        mean=None if gone else _mean(counts),
    )


def _choices(field: Field, given: list[tuple[str, Any]], without: list[str], cohort: Cohort) -> FieldFigures:
    """Several may be chosen: of each option it must not be known who chose it, nor who did not."""
    who = {person for person, _ in given}
    told = cohort.large(who) and cohort.large(set(without))
    distribution: dict[str, Figure] = {}
    for option in field.options:
        chose = [person for person, value in given if option.value in value]
        others = {person for person, value in given if option.value not in value}
        fine = told and bool(chose) and cohort.large(set(chose)) and cohort.large(others)
        if chose:
            distribution[_cell(option.value)] = len(chose) if fine else None
            cohort.suppressed += 0 if fine else 1
    n, skipped = (len(given), len(without)) if told else (None, None)
    return FieldFigures(field=field.id, n=n, skipped=skipped, distribution=distribution)


def _score(score: Score, schema: Schema, answered: Sequence[AnsweredField], cohort: Cohort) -> ScoreFigures:
    found = [(one.person, value) for one in answered if (value := one.scores.get(score.id)) is not None]
    who = {person for person, _ in found}
    without = {one.person for one in answered if one.scores.get(score.id) is None}
    if not (cohort.large(who) and cohort.large(without)):
        cohort.suppressed += 1
        bands_told, alpha = None if score.bands else UNSET, None if score.sum is not None else UNSET
        return ScoreFigures(score=score.id, n=None, mean=None, sd=None, bands=bands_told, alpha=alpha)
    values = [one.value for _, one in found]
    bands: dict[str, list[str]] = {}
    for person, one in found:
        bands.setdefault(one.band or _NO_BAND, []).append(person)
    gone = cohort.hidden(bands) if score.bands else set[str]()
    told: dict[str, Figure] = {
        name: None if name in gone else len(persons) for name, persons in sorted(bands.items()) if name != _NO_BAND
    }
    return ScoreFigures(
        score=score.id,
        n=len(values),
        mean=_mean(values),
        sd=_sd(values),
        bands=told if score.bands else UNSET,
        alpha=UNSET if score.sum is None else _alpha(score.sum.fields, schema, answered, cohort),
    )


def _alpha(summed: Sequence[str], schema: Schema, answered: Sequence[AnsweredField], cohort: Cohort) -> Figure:
    """Cronbach's alpha of those who answered every item."""
    if len(summed) < 2:
        return None
    fields = {one.id: one for one in schema.fields}
    rows, people = [], set()
    for one in answered:
        row = [counted(fields[name], one.answers.get(name)) for name in summed]
        if None not in row:
            rows.append([value for value in row if value is not None])
            people.add(one.person)
    if len(rows) < 2 or not cohort.large(people):
        return None
    total = _variance([math.fsum(row) for row in rows])
    items = math.fsum(_variance([row[place] for row in rows]) for place in range(len(rows[0])))
    many = len(rows[0])
    return None if total == 0 else round(many / (many - 1) * (1 - items / total), 4)


def _groups(answered: Sequence[AnsweredField], assigned: Sequence[tuple[str, str]], cohort: Cohort) -> list[Group]:
    """By month. A month of too few people is not told, and a second one beside it."""
    months = sorted({one.month for one in answered} | {month for _, month in assigned})
    people = {month: [one.person for one in answered if one.month == month] for month in months}
    given = {month: [person for person, at in assigned if at == month] for month in months}
    gone = cohort.hidden({month: [*people[month], *given[month]] for month in months})
    gone |= cohort.hidden(people) | cohort.hidden(given)
    found = []
    for month in months:
        late = [one for one in answered if one.month == month and one.late]
        few = not cohort.large({one.person for one in late}) or month in gone
        counts: list[Figure] = [len({*people[month], *given[month]}), len(given[month]), len(people[month])]
        told = [None, None, None] if month in gone else counts
        found.append(
            Group(month=month, persons=told[0], assigned=told[1], submitted=told[2], late=None if few else len(late))
        )
    return found


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    found = None if isinstance(value, str) else numeric(value)
    return str(value) if found is None else number_text(found)


def _mean(values: Sequence[float]) -> Figure:
    return round(math.fsum(values) / len(values), 4) if values else None


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1)


def _sd(values: Sequence[float]) -> Figure:
    return round(math.sqrt(_variance(values)), 4) if len(values) > 1 else None


def of_month(at: str) -> str:
    """The month of an instant, as RFC 3339 has it."""
    return at[:7]
