"""Text to words. A word is its kind and what it says; where it begins is for complaints."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from common.errors import InvalidArgument

LONGEST: Final = 2000
_SPELLINGS: Final = {
    "==": "=",
    "equal": "=",
    "<>": "!=",
    "notequal": "!=",
    "less": "<",
    "lessorequal": "<=",
    "greater": ">",
    "greaterorequal": ">=",
    "=>": ">=",
    "=<": "<=",
    "&&": "and",
    "||": "or",
    "!": "not",
    "negate": "not",
    "*=": "contains",
    "contain": "contains",
}
"""How SurveyJS also spells what the language has."""
_WORDS: Final = frozenset(
    ("and", "or", "not", "empty", "notempty", "contains", "notcontains", "anyof", "allof", "true", "false")
)
_FUNCTIONS: Final = frozenset(("sum", "min", "max", "avg", "count", "iif"))
_TOKEN: Final = re.compile(
    r"""\s*(?:
        \{(?P<field>[A-Za-z][A-Za-z0-9_]{0,63})\}
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | '(?P<single>(?:[^'\\]|\\.)*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | (?P<word>[A-Za-z]+)
      | (?P<sign>==|<>|!=|<=|>=|=>|=<|&&|\|\||\*=|[-+*/=<>!(),\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)


class ExpressionToken(NamedTuple):
    """`kind`: field, number, string, call, or the word or sign itself; `at`: where it ends."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[ExpressionToken]:
    """The words of an expression, in order.

    Raises:
        InvalidArgument: it is too long, or something in it is no word of the language.
    """
    if len(text) > LONGEST:
        raise InvalidArgument(f"An expression has at most {LONGEST} characters.")
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidArgument(f"The expression cannot be read at character {at + 1}.")
        at = match.end()
        yield _token(match)


def _token(match: re.Match[str]) -> ExpressionToken:
    kind, text = str(match.lastgroup), match[str(match.lastgroup)]
    if kind in ("single", "double"):
        return ExpressionToken("string", re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL), match.end())
    if kind in ("field", "number"):
        return ExpressionToken(kind, text, match.end())
    if kind == "word" and text in _FUNCTIONS:
        return ExpressionToken("call", text, match.end())
    word = text.lower()
    word = _SPELLINGS.get(word, word)
    if kind == "word" and word not in _WORDS and text.lower() not in _SPELLINGS:
        raise InvalidArgument(f"The expression has a word that the language has not, at character {match.end()}.")
    return ExpressionToken(word, text, match.end())
