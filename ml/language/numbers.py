"""Numbers in running text: temperature, blood pressure, pulse, oxygen, breathing rate, duration, a baby's age."""

import re
from dataclasses import dataclass, field
from typing import Final

from ml.knowledge.schema import VITALS

_NUMBER: Final = r"(\d{1,3}(?:\.\d{1,2})?)"
_TEMPERATURE: Final = re.compile(
    r"(?:\b(?:temp(?:erature)?|fever|running)\b[^\d,;.]{0,25}?"
    + _NUMBER
    + r"\s*(?:degrees?|deg)?\s*([cf])?(?:elsius|ahrenheit)?\b"
    r"|\b" + _NUMBER + r"\s*(?:degrees?|deg|\u00b0|\u00ba)?\s*([cf])(?:elsius|ahrenheit)?\b(?=.{0,20}|$)"
    r"|\b" + _NUMBER + r"\s*(?:degrees?|\u00b0|\u00ba)?\s*([cf])?\s*(?:temp(?:erature)?|fever)\b)"
)
_PRESSURE: Final = re.compile(
    r"(?:\b(?:bp|blood pressure|pressure)\b[^\d]{0,15})?\b(\d{2,3})\s*(?:/|over)\s*(\d{2,3})\b(?!\s*/)"
)
_PULSE: Final = re.compile(
    r"\b(?:heart rate|pulse|hr|heartbeat|heart beat)\b[^\d,;.]{0,15}(\d{2,3})\b|\b(\d{2,3})\s*bpm\b"
)
_OXYGEN: Final = re.compile(
    r"\b(?:sp ?o2|o2|oxygen|sats?|saturations?|pulse ox)\b[^\d,;.]{0,20}(\d{2,3})\s*%?"
    r"|\b(\d{2,3})\s*%\s*(?:oxygen|o2|sats?|on room air)"
)
_BREATHS: Final = re.compile(
    r"\b(?:respiratory rate|resp rate|rr|breathing rate|breaths)\b[^\d,;.]{0,15}(\d{1,2})\b|\b(\d{1,2}) breaths\b"
)
_UNITS: Final = {
    "minute": 1 / 1440,
    "min": 1 / 1440,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "month": 30.0,
    "year": 365.0,
    "yr": 365.0,
}
_WORDS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 4, "many": 6,
}  # fmt: skip
_COUNT: Final = r"(\d{1,3}(?:\.\d)?|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")"
_DURATION: Final = re.compile(
    r"\b(?:for|since|past|last|over|x|about|been|these|lasting|lasted|started|began|onset)\b\s*"
    r"(?:the |about |around |past |last |over |nearly |almost |more than |at least )*"
    + _COUNT
    + r"?\s*(?:to \d+ |or \w+ |-\s*\d+ )?(minute|min|hour|hr|day|week|wk|month|year|yr)s?\b"
)
_AGO: Final = re.compile(
    r"\b" + _COUNT + r"\s*(?:or \w+ )?(minute|min|hour|hr|day|week|wk|month|year|yr)s? (?:ago|history|now|duration)\b"
)
_BARE: Final = re.compile(r"^\s*" + _COUNT + r"\s*(day|week|month|year|hour)s?\b")
_SINCE: Final = re.compile(
    r"\bsince (yesterday|last night|this morning|last week|last month|last year|birth|childhood)\b"
    r"|\b(yesterday|this morning|last night)\b"
)
_SINCE_DAYS: Final = {
    "yesterday": 1.0,
    "last night": 0.5,
    "this morning": 0.3,
    "last week": 7.0,
    "last month": 30.0,
    "last year": 365.0,
    "birth": 365.0,
    "childhood": 3650.0,
}
_BABY: Final = re.compile(
    r"\b(\d{1,2}|" + "|".join(word for word in _WORDS if " " not in word) + r")[ -](day|week|month)s?[ -]old\b"
)
_OLD: Final = re.compile(r"\b\d{1,3}[ -]?(?:years?|yrs?|months?|weeks?|days?|y)[ -]?(?:old|/o|o)\b|\b\d{1,3} ?yo\b")
_PREGNANT_WEEKS: Final = re.compile(r"\b\d{1,2}\s*(?:weeks?|wks?|months?)\s*(?:pregnant|gestation|along)\b")

PLAUSIBLE: Final = {
    "temperature_c": (30.0, 44.0),
    "heart_rate": (20.0, 250.0),
    "systolic": (50.0, 280.0),
    "diastolic": (20.0, 180.0),
    "respiratory_rate": (4.0, 70.0),
    "spo2": (50.0, 100.0),
}


@dataclass(slots=True)
class MeasuredNumber:
    """Measurements read from a text. `rest` is the text with those words taken out. Units as in `PatientEvidence`."""

    rest: str
    vitals: dict[str, float] = field(default_factory=dict)
    duration_days: float | None = None
    baby_days: float | None = None


def measure(text: str) -> MeasuredNumber:
    """Read the numbers in folded text. A value outside what a body can have is left in the text as it was."""
    measured = MeasuredNumber(rest=text)
    if not any(one.isdigit() for one in text):
        _durations(measured, text)
        return measured
    baby = _BABY.search(text)
    if baby:
        measured.baby_days = _count(baby.group(1)) * _UNITS[baby.group(2)]
    measured.rest = _PREGNANT_WEEKS.sub(" pregnant ", _OLD.sub(" ", _BABY.sub(" ", text)))
    _pressure(measured)
    _single(measured, "temperature_c", _TEMPERATURE)
    _single(measured, "spo2", _OXYGEN)
    _single(measured, "heart_rate", _PULSE)
    _single(measured, "respiratory_rate", _BREATHS)
    _durations(measured, measured.rest)
    assert set(measured.vitals) <= set(VITALS)
    return measured


def _pressure(measured: MeasuredNumber) -> None:
    for found in _PRESSURE.finditer(measured.rest):
        high, low = float(found.group(1)), float(found.group(2))
        if _plausible("systolic", high) and _plausible("diastolic", low) and high > low + 10 and high >= 70:
            measured.vitals.update(systolic=high, diastolic=low)
            measured.rest = measured.rest[: found.start()] + " " + measured.rest[found.end() :]
            return


def _single(measured: MeasuredNumber, name: str, pattern: re.Pattern[str]) -> None:
    for found in pattern.finditer(measured.rest):
        groups = [group for group in found.groups() if group]
        value = float(groups[0])
        if name == "temperature_c":
            value = _celsius(value, groups[1] if len(groups) > 1 else None)
        if _plausible(name, value):
            measured.vitals[name] = round(value, 2)
            measured.rest = measured.rest[: found.start()] + " " + measured.rest[found.end() :]
            return


def _celsius(value: float, unit: str | None) -> float:
    """Without a unit, what only makes sense in Fahrenheit is Fahrenheit."""
    if unit == "f" or (unit is None and value >= 90):
        return (value - 32) / 1.8
    return value


def _durations(measured: MeasuredNumber, text: str) -> None:
    for pattern in (_DURATION, _AGO, _BARE):
        found = pattern.search(text)
        if found:
            measured.duration_days = _count(found.group(1)) * _UNITS[found.group(2)]
            return
    since = _SINCE.search(text)
    if since:
        measured.duration_days = _SINCE_DAYS[since.group(1) or since.group(2)]


def _count(text: str | None) -> float:
    if text is None:
        return 1.0
    return float(_WORDS[text]) if text in _WORDS else float(text)


def _plausible(name: str, value: float) -> bool:
    low, high = PLAUSIBLE[name]
    return low <= value <= high
