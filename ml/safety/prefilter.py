"""Which words a text must have before any pattern of the rules can fit: a first look that costs microseconds.

What it asks for follows from the patterns themselves, so it can never be stricter than they are: each pattern is taken
apart (as `re` parses it) into the rows of words that it may fit, and of each row the rarest words are kept, by their
first letters. A text that has all the words of no row fits no pattern.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined, unused-ignore] # nobody else takes a pattern apart
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any, Final

_PREFIX: Final = 5
"""Letters of a word that are compared."""
_MOST_ROWS: Final = 500
"""Texts that one slot of a pattern may fit; a slot of more tells nothing."""
_BEFORE_CUT: Final = 4
"""Times as many as that before they are cut to their first letters."""
_FEW_ROWS: Final = 12
_KEPT: Final = 3
_ANY: Final = "\0"
_EDGE: Final = "\1"
"""Of a word, where a pattern says that there is one."""
_BLANK: Final = (sre.LITERAL, 32)
_UNKNOWN: Final = (sre.ANY, None)
_WORD: Final = re.compile(r"\w+")
_LONG: Final = re.compile(rf"(\w{{{_PREFIX}}})\w+")
Slots = tuple[frozenset[str], ...]


class Prefilter:
    """The words of patterns. `common`: words that most texts have, which tell little."""

    def __init__(self, patterns: Iterable[str], common: Collection[str]) -> None:
        self._rank: Callable[[str], tuple[bool, int]] = lambda word: (word in common, -len(word))
        self._always = False
        self._rows: dict[str, set[Slots]] = {}
        for pattern in patterns:
            self._add(pattern)
        self._first = frozenset(self._rows)
        self._rest = {first: tuple(rows) for first, rows in self._rows.items()}

    def may_fit(self, text: str) -> bool:
        """May any of the patterns fit this plain text?"""
        if self._always:
            return True
        words = {word[:_PREFIX] for word in _WORD.findall(text)}
        return any(
            all(not slot.isdisjoint(words) for slot in row)
            for first in self._first & words
            for row in self._rest[first]
        )

    def _add(self, pattern: str) -> None:
        slots = (self._slot(rows) for rows in _apart(list(parser.parse(pattern))))
        kept = sorted((slot for slot in slots if slot), key=self._worst)[:_KEPT]
        self._always = self._always or not kept
        for first in kept[0] if kept else ():
            self._rows.setdefault(first, set()).add(tuple(kept[1:]))

    def _slot(self, rows: set[str]) -> frozenset[str]:
        """The words one of which has to be there, the rarest of each text; none where a text may be unknown."""
        words = [min(_words(row), key=self._rank, default="") for row in rows]
        return frozenset(words) if all(words) else frozenset()

    def _worst(self, slot: frozenset[str]) -> tuple[bool, int, int]:
        common, short = max(map(self._rank, slot))
        return common, len(slot), short


def _words(row: str) -> Iterator[str]:
    """The words of a row as they are compared, as far as they are known."""
    for part in re.split(r"[^\w\0]+", row):
        known, any_, _ = part.partition(_ANY)
        if known and (not any_ or len(known) >= _PREFIX):
            yield known[:_PREFIX]


def _apart(tree: list[Any]) -> Iterator[set[str]]:
    """What stands between the blanks of a pattern, each by itself; what is too much is left out."""
    slots: list[list[Any]] = [[]]
    for node in _without_edges(tree):
        if node == _BLANK or node[0] is sre.AT:
            slots.append([])
        else:
            slots[-1].append(node)
    for slot in slots:
        rows = _rows(slot, _MOST_ROWS) or _rows(map(_unless_optional, slot), _MOST_ROWS)
        if rows is not None:
            yield rows


def _without_edges(tree: list[Any]) -> list[Any]:
    """Without what may be missing at either end and is parted from the rest by a blank: it asks for nothing."""
    while tree and _is_optional(tree[0]) and _ends_blank(tree[0][1][2]):
        tree = tree[1:]
    while tree and _is_optional(tree[-1]) and _begins_blank(tree[-1][1][2]):
        tree = tree[:-1]
    return tree


def _unless_optional(node: Any) -> Any:
    """Of what may be missing and be much, no more than whether a blank parts it from what stands beside it."""
    if not _is_optional(node) or _rows([node], _FEW_ROWS) is not None:
        return node
    inner = node[1][2]
    if _ends_blank(inner):
        return sre.BRANCH, (None, [[], [_UNKNOWN, _BLANK]])
    if _begins_blank(inner):
        return sre.BRANCH, (None, [[], [_BLANK, _UNKNOWN]])
    return _UNKNOWN


def _is_optional(node: Any) -> bool:
    op, value = node
    return op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] == 0


def _ends_blank(nodes: Any) -> bool:
    """Does whatever these nodes fit end with a blank?"""
    nodes = list(nodes)
    while nodes:
        op, value = node = nodes.pop()
        if _is_optional(node):
            if not _ends_blank(value[2]):
                return False
            continue
        if op is sre.SUBPATTERN:
            return _ends_blank(value[3])
        if op is sre.BRANCH:
            return all(map(_ends_blank, value[1]))
        return bool(node == _BLANK)
    return False


def _rows(nodes: Iterable[Any], most: int) -> set[str] | None:
    """The texts that these nodes may fit; `\\0` stands for anything. None: too many."""
    rows = {""}
    for op, value in nodes:
        parts = _parts(op, value, most)
        if parts is None or len(rows) * len(parts) > _BEFORE_CUT * most:
            return None
        rows = {_LONG.sub(r"\1", row + part) for row in rows for part in parts}
        if len(rows) > most:
            return None
    return rows


def _parts(op: Any, value: Any, most: int) -> set[str] | None:
    if op is sre.LITERAL:
        return {chr(value)}
    if op is sre.AT:
        return {_EDGE}
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return {""}
    if op is sre.SUBPATTERN:
        return _rows(value[3], most)
    if op is sre.BRANCH:
        found = [_rows(branch, most) for branch in value[1]]
        return None if None in found else set().union(*(one for one in found if one is not None))
    if op is sre.IN and all(kind is sre.LITERAL for kind, _ in value):
        return {chr(code) for _, code in value}
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = value
        return _repeated(low, high, inner, most)
    return {_ANY}


def _repeated(low: int, high: int, inner: Any, most: int) -> set[str] | None:
    """Once stands for several times: more words ask for nothing more. What is repeated within a word is unknown."""
    once = _rows(inner, most)
    if once is None:
        return None
    if high > 1 and not all(" " in one for one in once):
        once = {one + _ANY for one in once} if low else {_ANY}
    return once if low else {"", *once}


def _begins_blank(nodes: Any) -> bool:
    """Does whatever these nodes fit begin with one?"""
    for node in nodes:
        op, value = node
        if op is sre.SUBPATTERN:
            return _begins_blank(value[3])
        return all(map(_begins_blank, value[1])) if op is sre.BRANCH else bool(node == _BLANK)
    return False
