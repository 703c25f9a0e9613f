"""The reader: complaints as people type them to canonical evidence, with what was not understood."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ml.knowledge import Knowledge
from ml.language.lexicon import Lexicon, Match, symptom_phrases
from ml.language.numbers import measure
from ml.language.text import fold
from ml.language.words import NOT, Token, Words

WIDE_CUES = frozenset({"denies", "deny", "denied", "without", "negative", "never", "neither"})
HISTORY_CUES = ("history of", "h o ", "hx of", "known ", "diagnosed with", "previous ", "past medical", "prior ", "pmh")
PAST_CUES = ("years ago", "last year", "as a child", "used to ", "in the past", "runs in the family")
LIST_CUES = ("history of", "family history", "past medical", "pmh", "hx of", "h o ")  # hold to the end of the sentence
JOINING = frozenset({"and", "with", "plus"})
IDLE = frozenset({NOT, "cannot", "and", "or", "baby"})
LEAST_LEFT = 2  # content words that a piece of a longer text must have to be worth returning
HIGH_PRESSURE = (140.0, 90.0)  # mmHg from which a pressure told as a complaint is the complaint
NORMAL_C = (35.6, 37.4)
FEVER_C, HIGH_FEVER_C = 38.0, 39.0


@dataclass(slots=True)
class Reading:
    """What the words said. `qualifiers` are facts about the whole story (sudden, severe, ...)."""

    present: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    qualifiers: set[str] = field(default_factory=set)
    vitals: dict[str, float] = field(default_factory=dict)
    duration_days: float | None = None
    baby_days: float | None = None
    unrecognised: list[str] = field(default_factory=list)
    not_understood: int = 0
    words: dict[str, str] = field(default_factory=dict)

    def knows_something(self) -> bool:
        """Has anything been understood?"""
        return bool(self.present or self.absent or self.factors or self.vitals) or self.duration_days is not None


class Reader:
    """Reads complaints and histories. Pure after construction; one instance serves a process."""

    def __init__(self, knowledge: Knowledge, words: Words | None = None) -> None:
        self._words = words or Words()
        phrases = symptom_phrases(knowledge.symptom_index)
        history = {row.id: row.phrases for row in knowledge.factors}
        self._words.learn([text for texts in (*phrases.values(), *history.values()) for text in texts])
        self._symptoms = Lexicon(self._words, phrases, knowledge.ancestors)
        self._history = Lexicon(self._words, history)

    def read(self, complaints: Iterable[str]) -> Reading:
        """Everything that the complaints say together. What is told present wins over what is denied elsewhere."""
        whole = Reading()
        for text in complaints:
            self._merge(whole, self._read_one(text), text)
        whole.absent -= whole.present
        return whole

    def read_history(self, entries: Iterable[str]) -> tuple[set[str], list[str]]:
        """History factors, and the entries that name none."""
        factors: set[str] = set()
        unknown: list[str] = []
        for entry in entries:
            tokens = self._words.tokens(self._words.rewrite(fold(entry)))
            found = _taken(self._history.find(tokens), tokens, self._words, keep_all=True)
            denied = self._denied(tokens, found)
            factors |= {match.id for match in found if match not in denied}
            if not found:
                unknown.append(entry)
        return factors, unknown

    def _merge(self, whole: Reading, one: Reading, text: str) -> None:
        whole.present |= one.present
        whole.absent |= one.absent
        whole.factors |= one.factors
        whole.qualifiers |= one.qualifiers
        whole.vitals.update(one.vitals)
        whole.duration_days = one.duration_days if whole.duration_days is None else whole.duration_days
        whole.baby_days = one.baby_days if whole.baby_days is None else whole.baby_days
        for symptom_id in one.present:
            whole.words.setdefault(symptom_id, text)
        if not one.knows_something():
            if text.strip() and not one.qualifiers:
                whole.unrecognised.append(text)
                whole.not_understood += 1
        else:
            whole.unrecognised.extend(one.unrecognised)

    def _read_one(self, text: str) -> Reading:
        folded = fold(text)
        measured = measure(folded)
        reading = Reading(vitals=measured.vitals, duration_days=measured.duration_days, baby_days=measured.baby_days)
        reading.qualifiers = {name for name, pattern in self._words.qualifiers.items() if pattern.search(folded)}
        tokens = self._words.tokens(self._words.rewrite(measured.rest))
        found = self._found(tokens)
        denied = self._denied(tokens, found)
        past = self._past_units(tokens)
        for match in found:
            if match in denied:
                reading.absent.add(match.id)
            elif tokens[match.tokens[0]].unit not in past:
                reading.present.add(match.id)
        history = self._told_history(reading, tokens, folded)
        self._measured(reading)
        reading.absent -= reading.present
        reading.unrecognised = self._leftover(tokens, [*found, *history], past)
        return reading

    def _found(self, tokens: list[Token]) -> list[Match]:
        """The symptoms named. Of "sore throat and cough" each part says something by itself, so no phrase may borrow a
        word from the other ("sore ... cough"), but for what only the two together mean (`across`). Where a part says
        nothing alone ("pain in chest and arm"), the unit is read as a whole.
        """
        whole = _taken(self._symptoms.find(tokens), tokens, self._words)
        split = _split(tokens)
        if split[-1:] == tokens[-1:]:
            return whole
        parts = _taken(self._symptoms.find(split), split, self._words)
        told = {split[match.tokens[0]].unit for match in parts}
        silent = {
            old.unit for old, new in zip(tokens, split, strict=True) if not new.stop and new.unit not in told
        }  # fmt: skip
        return [
            *(match for match in parts if tokens[match.tokens[0]].unit not in silent),
            *(match for match in whole if tokens[match.tokens[0]].unit in silent or match.id in self._words.across),
        ]

    def _told_history(self, reading: Reading, tokens: list[Token], folded: str) -> list[Match]:
        """History told among the complaints: always for what changes urgency, else only where it is called history."""
        found = _taken(self._history.find(tokens), tokens, self._words, keep_all=True)
        denied = self._denied(tokens, found)
        told = any(cue in folded for cue in HISTORY_CUES)
        heard = [
            match for match in found if match not in denied and (told or match.id in self._words.told_history)
        ]  # fmt: skip
        reading.factors.update(match.id for match in heard)
        return heard

    def _measured(self, reading: Reading) -> None:
        vitals = reading.vitals
        if vitals.get("systolic", 0) >= HIGH_PRESSURE[0] or vitals.get("diastolic", 0) >= HIGH_PRESSURE[1]:
            reading.present.add("reported_high_bp")
        value = vitals.get("temperature_c")
        if value is None:
            return
        if value >= FEVER_C:
            reading.present.add("fever")
        elif NORMAL_C[0] <= value <= NORMAL_C[1] and "fever" not in reading.present:
            reading.absent.add("fever")
        if value >= HIGH_FEVER_C:
            reading.present.add("high_fever")

    def _denied(self, tokens: list[Token], found: list[Match]) -> list[Match]:
        """Matches that stand behind a negation which is not part of a phrase itself."""
        used = {position for match in found for position in match.tokens}
        denied: list[Match] = []
        for position, token in enumerate(tokens):
            if token.form != NOT or position in used:
                continue
            reach = self._reach(tokens, position)
            denied.extend(one for one in found if position < one.tokens[0] <= reach and one not in denied)
        return denied

    def _reach(self, tokens: list[Token], cue: int) -> int:
        """Position of the last token that a negation covers: its unit, and on through a list that ends in `or`."""
        start = tokens[cue]
        wide = start.raw in WIDE_CUES
        rest = [token for token in tokens[cue + 1 :] if token.sentence == start.sentence]
        last_unit = max((token.unit for token in rest if token.raw in ("or", "nor")), default=start.unit)
        last = cue
        for position in range(cue + 1, cue + 1 + len(rest)):
            token = tokens[position]
            if token.unit > last_unit and not wide:
                break
            if token.raw in self._words.restart and position > cue + 2:
                break
            if token.raw == "and" and not wide and token.unit >= last_unit:
                break
            last = position
        return last

    def _past_units(self, tokens: list[Token]) -> set[int]:
        """Units about the past or the family, whose symptoms are not the patient's now."""
        past: set[int] = set()
        told: dict[int, list[str]] = {}
        for token in tokens:
            told.setdefault(token.unit, []).append(token.raw)
        sentence_of = {token.unit: token.sentence for token in tokens}
        listed: set[int] = set()
        for unit, raws in told.items():
            text = " ".join(raws) + " "
            if any(cue in text for cue in LIST_CUES):
                listed.add(sentence_of[unit])
            relative = self._words.family & set(raws) and {"had", "died"} & set(raws)
            if relative or sentence_of[unit] in listed or any(cue in text for cue in (*HISTORY_CUES, *PAST_CUES)):
                past.add(unit)
        return past

    def _leftover(self, tokens: list[Token], found: list[Match], past: set[int]) -> list[str]:
        """Units of a longer text of which nothing was understood."""
        understood = {tokens[position].unit for match in found for position in match.tokens}
        units: dict[int, list[str]] = {}
        for token in tokens:
            if token.unit not in understood and token.unit not in past:
                units.setdefault(token.unit, []).append(token.raw)
        content = [token.unit for token in tokens if not token.stop and token.form not in IDLE]
        return [" ".join(raws) for unit, raws in units.items() if content.count(unit) >= LEAST_LEFT]


def _split(tokens: list[Token]) -> list[Token]:
    """The same tokens, with units that also end where another complaint may begin."""
    parts: list[Token] = []
    extra = 0
    for token in tokens:
        if token.raw in JOINING:
            extra += 1
        parts.append(replace(token, unit=token.unit + extra, stop=token.stop or token.raw in JOINING))
    return parts


def _taken(found: list[Match], tokens: list[Token], words: Words, *, keep_all: bool = False) -> list[Match]:
    """The matches that stand: longest first, each word used once unless it is one that phrases share."""
    reusable = words.shared | words.parts
    used: set[int] = set()
    taken: list[Match] = []
    for match in found:
        own = [one for one in match.tokens if tokens[one].form not in reusable]
        if any(one in used for one in own) or (all(one in used for one in match.tokens)):
            continue
        taken.append(match)
        if not keep_all and match.id not in words.keep:
            used.update(match.tokens)
    return taken
