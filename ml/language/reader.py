"""The reader: complaints as people type them to canonical evidence, with what was not understood."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ml.knowledge.loading import Knowledge
from ml.language.cues import Cues
from ml.language.lexicon import Lexicon, LexiconMatch, symptom_phrases
from ml.language.numbers import measure
from ml.language.scope import ScopeStanding, Text
from ml.language.text import fold, has_hidden_gaps
from ml.language.words import NOT, Token, WordForms
from ml.safety.crisis import CrisisRules

JOINING = frozenset({"and", "with", "plus"})
IDLE = frozenset({NOT, "cannot", "and", "or", "baby"})
SPOKEN = frozenset(
    {
        "i",
        "it",
        "he",
        "she",
        "they",
        "we",
        "you",
        "then",
        "now",
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "came",
    }
)  # words of a sentence, which no entry of a record has
LONGEST_ENTRY = 4  # content words of what may be an entry of a record rather than a sentence
LEAST_LEFT = 2  # content words that a piece of a longer text must have to be worth returning
HIGH_PRESSURE = (140.0, 90.0)  # mmHg from which a pressure told as a complaint is the complaint
NORMAL_C = (35.6, 37.4)
FEVER_C, HIGH_FEVER_C = 38.0, 39.0


@dataclass(slots=True)
class Reading:
    """The reading of a text. `qualifiers` are facts about the whole story (sudden, severe, ...).

    `doubtful` is what may be denied, or may not: it counts where a red flag asks, and says nothing elsewhere.
    """

    present: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    qualifiers: set[str] = field(default_factory=set)
    vitals: dict[str, float] = field(default_factory=dict)
    duration_days: float | None = None
    baby_days: float | None = None
    unrecognised: list[str] = field(default_factory=list)
    not_understood: int = 0
    words: dict[str, str] = field(default_factory=dict)

    def told(self) -> set[str]:
        """The symptoms that are present, surely or perhaps."""
        return self.present | self.doubtful

    def knows_something(self) -> bool:
        """Has anything been understood?"""
        return bool(self.told() or self.absent or self.factors or self.vitals) or self.duration_days is not None


class TextReader:
    """Reads complaints and histories. Pure after construction; one instance serves a process."""

    def __init__(self, knowledge: Knowledge, words: WordForms | None = None) -> None:
        self._words = words or WordForms()
        self._cues = Cues()
        self._crises = CrisisRules()
        phrases = symptom_phrases(knowledge.symptom_index)
        history = {row.id: row.phrases for row in knowledge.factors}
        taught = [text for texts in (*phrases.values(), *history.values()) for text in texts]
        self._words.learn(taught, self._cues.spelling)
        self._words.leave(self._cues.vocabulary)
        self._symptoms = Lexicon(self._words, phrases, knowledge.ancestors)
        self._history = Lexicon(self._words, history)

    def read(self, complaints: Iterable[str]) -> Reading:
        """Everything that the complaints say together. What is told present wins over what is denied elsewhere."""
        whole = Reading()
        for text in complaints:
            self._merge(whole, self._read(text), text)
        whole.doubtful -= whole.present
        whole.absent -= whole.present | whole.doubtful
        return whole

    def read_history(self, entries: Iterable[str]) -> tuple[set[str], list[str]]:
        """History factors, and the entries that name none."""
        factors: set[str] = set()
        unknown: list[str] = []
        for entry in entries:
            rewritten = self._words.rewrite(fold(entry))
            tokens = self._words.tokens(rewritten)
            found = _taken(self._history.find(tokens), tokens, self._words, keep_all=True)
            denials = self._cues.denials.judge(Text(tokens, found, self._words.endings(rewritten)))
            factors |= {match.id for match in found if denials.get(match) is not ScopeStanding.DENIED}
            if not found:
                unknown.append(entry)
        return factors, unknown

    def _merge(self, whole: Reading, reading: Reading, text: str) -> None:
        whole.present |= reading.present
        whole.doubtful |= reading.doubtful
        whole.absent |= reading.absent
        whole.factors |= reading.factors
        whole.qualifiers |= reading.qualifiers
        whole.vitals.update(reading.vitals)
        whole.duration_days = reading.duration_days if whole.duration_days is None else whole.duration_days
        whole.baby_days = reading.baby_days if whole.baby_days is None else whole.baby_days
        for symptom_id in reading.present | reading.doubtful:
            whole.words.setdefault(symptom_id, text)
        if not reading.knows_something():
            if text.strip() and not reading.qualifiers:
                whole.unrecognised.append(text)
                whole.not_understood += 1
        else:
            whole.unrecognised.extend(reading.unrecognised)

    def _read(self, text: str) -> Reading:
        """A text, and where something invisible may part two words, also the text in which it does."""
        reading = self._read_one(fold(text))
        if has_hidden_gaps(text):
            parted = self._read_one(fold(text, gap=" "))
            if parted.told() > reading.told() and parted.absent <= reading.absent:
                return parted
        return reading

    def _read_one(self, folded: str) -> Reading:
        mended = self._words.corrected(self._crises.mark(folded))
        measured = measure(mended)
        reading = Reading(vitals=measured.vitals, duration_days=measured.duration_days, baby_days=measured.baby_days)
        reading.qualifiers = self._qualifiers(folded, mended)
        rewritten = self._words.rewrite(measured.rest, correct=False)
        tokens, endings = self._words.tokens(rewritten), self._words.endings(rewritten)
        text = Text(tokens, self._found(tokens), endings)
        for match, standing in self._cues.judge(text).items():
            said = {
                ScopeStanding.DENIED: reading.absent,
                ScopeStanding.PRESENT: reading.present,
                ScopeStanding.DOUBTFUL: reading.doubtful,
            }
            if standing in said:
                said[standing].add(match.id)
        history = self._told_history(reading, tokens, endings)
        self._measured(reading)
        reading.unrecognised = self._leftover(tokens, [*text.found, *history], self._cues.elsewhere.units(text))
        return reading

    def _qualifiers(self, folded: str, mended: str) -> set[str]:
        """Facts about the whole story; of those that are signs in themselves only what is not surely denied."""
        told: set[str] = set()
        for name, pattern in self._words.qualifiers.items():
            found = pattern.search(folded)
            text = folded
            if found is None and mended != folded:
                found, text = pattern.search(mended), mended
            if found and not (name in self._words.deniable and self._is_denied(text, found.start(), found.end())):
                told.add(name)
        return told

    def _is_denied(self, folded: str, start: int, end: int) -> bool:
        """Is what stands at these places surely denied, of the past, or somebody else's?"""
        rewritten = self._words.rewrite(folded, correct=False)
        tokens = self._words.tokens(rewritten)
        before, until = (
            len(self._words.tokens(self._words.rewrite(folded[:at], correct=False))) for at in (start, end)
        )
        places = tuple(range(before, min(until, len(tokens))))
        if not places:
            return False
        named = self._found(tokens)
        asked = [one for one in named if set(one.tokens) & set(places)] or [LexiconMatch("", places, len(places))]
        found = list(dict.fromkeys((*named, *asked)))
        standings = self._cues.judge(Text(tokens, found, self._words.endings(rewritten)))
        return all(standings[one] in (ScopeStanding.DENIED, ScopeStanding.ELSEWHERE) for one in asked)

    def _found(self, tokens: list[Token]) -> list[LexiconMatch]:
        """The symptoms named, those among them that a record turns round ("appetite, decreased")."""
        found = self._named(tokens)
        told = {tokens[one].unit for match in found for one in match.tokens}
        content = {token.unit for token in tokens if not token.stop}
        sentence = any(token.form == NOT or token.raw in SPOKEN for token in tokens)
        if sentence or not told < content or len([token for token in tokens if not token.stop]) > LONGEST_ENTRY:
            return found
        joined = [replace(token, unit=token.sentence) for token in tokens]
        turned = [
            match for match in _taken(self._symptoms.find(joined), joined, self._words)
            if len({tokens[one].unit for one in match.tokens}) > 1
        ]  # fmt: skip
        kept = [match for match in found if not any(set(match.tokens) <= set(one.tokens) for one in turned)]
        return [*kept, *turned]

    def _named(self, tokens: list[Token]) -> list[LexiconMatch]:
        """The symptoms named. Of "sore throat and cough" each part says something by itself, so no phrase may borrow a
        word from the other ("sore ... cough"), but for what only the two together mean (`across`). Where a part says
        nothing alone ("pain in chest and arm"), the unit is read as a whole.
        """
        whole = _taken(self._symptoms.find(tokens), tokens, self._words)
        split = _split(tokens)
        if split[-1:] == tokens[-1:]:
            return _apart(whole, tokens)
        parts = _taken(self._symptoms.find(split), split, self._words)
        told = {split[match.tokens[0]].unit for match in parts}
        silent = {
            old.unit for old, new in zip(tokens, split, strict=True) if not new.stop and new.unit not in told
        }  # fmt: skip
        found = [
            *(match for match in parts if tokens[match.tokens[0]].unit not in silent),
            *(match for match in whole if tokens[match.tokens[0]].unit in silent or match.id in self._words.across),
        ]
        return _apart(found, tokens)

    def _told_history(self, reading: Reading, tokens: list[Token], endings: tuple[str, ...]) -> list[LexiconMatch]:
        """History told among the complaints: always for what changes urgency, else only where it is called history."""
        found = _taken(self._history.find(tokens), tokens, self._words, keep_all=True)
        text = Text(tokens, found, endings)
        denials, told = self._cues.denials.judge(text), self._cues.elsewhere.called_history(text)
        heard = [
            match for match in found
            if denials.get(match) is not ScopeStanding.DENIED and (told or match.id in self._words.told_history)
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
        elif NORMAL_C[0] <= value <= NORMAL_C[1] and not {"fever"} & (reading.present | reading.doubtful):
            reading.absent.add("fever")
        if value >= HIGH_FEVER_C:
            reading.present.add("high_fever")

    def _leftover(self, tokens: list[Token], found: list[LexiconMatch], past: set[int]) -> list[str]:
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


def _apart(found: list[LexiconMatch], tokens: list[Token]) -> list[LexiconMatch]:
    """Without phrases of a negation that reach over another complaint: "not in pain right now" is no "not right"."""
    return [
        match for match in found
        if not any(tokens[token].form == NOT for token in match.tokens)
        or not any(
            match.tokens[0] < token < match.tokens[-1]
            for other in found
            if other is not match
            for token in other.tokens
        )
    ]  # fmt: skip


def _taken(
    found: list[LexiconMatch], tokens: list[Token], words: WordForms, *, keep_all: bool = False
) -> list[LexiconMatch]:
    """The matches that stand: longest first, each word used once unless it is one that phrases share."""
    reusable = words.shared | words.parts
    found = sorted(found, key=lambda match: (-len(match.tokens), match.id not in words.keep))
    used: set[int] = set()
    taken: list[LexiconMatch] = []
    for match in found:
        own = [token for token in match.tokens if tokens[token].form not in reusable]
        if any(one in used for one in own) or (all(token in used for token in match.tokens)):
            continue
        taken.append(match)
        if not keep_all and match.id not in words.keep:
            used.update(match.tokens)
    return taken
