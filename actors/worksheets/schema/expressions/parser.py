"""Words to a tree. What binds least stands first: or, and, comparisons, sums, products, not, `empty`."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from actors.worksheets.schema.expressions.tokens import ExpressionToken, tokens
from common.errors import InvalidArgument

DEEPEST: Final = 32
_LEVELS: Final[tuple[frozenset[str], ...]] = (
    frozenset(("or",)),
    frozenset(("and",)),
    frozenset(("=", "!=", "<", "<=", ">", ">=", "contains", "notcontains", "anyof", "allof")),
    frozenset(("+", "-")),
    frozenset(("*", "/")),
)
_END: Final = ExpressionToken("", "", -1)


class Constant(msgspec.Struct, frozen=True):
    """A number, a text, true or false."""

    value: str | int | float | bool


class Reference(msgspec.Struct, frozen=True):
    """The answer of a field, or a score."""

    field: str


class ListLiteral(msgspec.Struct, frozen=True):
    """`['a', 'b']`."""

    items: "tuple[Node, ...]"


class Chain(msgspec.Struct, frozen=True):
    """Operations of one level, from left to right: no deeper for being long."""

    first: "Node"
    rest: "tuple[tuple[str, Node], ...]"


class Unary(msgspec.Struct, frozen=True):
    """`not`, `empty`, `notempty`."""

    name: str
    of: "Node"


class FunctionCall(msgspec.Struct, frozen=True):
    """A function."""

    name: str
    arguments: "tuple[Node, ...]"


Node: TypeAlias = Constant | Reference | ListLiteral | Chain | Unary | FunctionCall


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        InvalidArgument: it is none, or too long or too deep.
    """
    reader = _Reader(list(tokens(text)))
    node = reader.level(0, DEEPEST)
    if reader.next is not _END:
        raise _unexpected(reader.next)
    return node


def references(node: Node) -> frozenset[str]:
    """The fields and scores that it looks at."""
    return frozenset(_references(node))


def _references(node: Node) -> Iterator[str]:
    match node:
        case Reference(field):
            yield field
        case ListLiteral(items) | FunctionCall(_, items):
            for one in items:
                yield from _references(one)
        case Unary(_, of):
            yield from _references(of)
        case Chain(first, rest):
            yield from _references(first)
            for _, one in rest:
                yield from _references(one)
        case _:
            return


class _Reader:
    """Reads once, from left to right. `deep`: how much deeper it may still go."""

    def __init__(self, found: list[ExpressionToken]) -> None:
        self._tokens = found
        self._at = 0

    @property
    def next(self) -> ExpressionToken:
        """What comes next."""
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def level(self, level: int, deep: int) -> Node:
        """A chain of operations of this level."""
        if deep == 0:
            raise InvalidArgument(f"An expression is at most {DEEPEST} levels deep.")
        if level == len(_LEVELS):
            return self._prefixed(deep)
        first, rest = self.level(level + 1, deep), []
        while self.next.kind in _LEVELS[level]:
            sign = self._take().kind
            rest.append((sign, self.level(level + 1, deep)))
        return Chain(first, tuple(rest)) if rest else first

    def _prefixed(self, deep: int) -> Node:
        if self.next.kind == "not":
            self._take()
            if deep == 1:
                raise InvalidArgument(f"An expression is at most {DEEPEST} levels deep.")
            return Unary("not", self._prefixed(deep - 1))
        node = self._operand(deep)
        while self.next.kind in ("empty", "notempty"):
            node = Unary(self._take().kind, node)
        return node

    def _operand(self, deep: int) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Constant(_number(token.text))
            case "string":
                return Constant(token.text)
            case "true" | "false":
                return Constant(token.kind == "true")
            case "field":
                return Reference(token.text)
            case "call":
                self._expect("(")
                return FunctionCall(token.text, self._list(")", deep))
            case "[":
                return ListLiteral(self._list("]", deep))
            case "(":
                node = self.level(0, deep - 1)
                self._expect(")")
                return node
            case "-" if self.next.kind == "number":
                return Constant(-_number(self._take().text))
        raise _unexpected(token)

    def _list(self, end: str, deep: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while self.next.kind != end:
            if items:
                self._expect(",")
            items.append(self.level(0, deep - 1))
        self._take()
        return tuple(items)

    def _take(self) -> ExpressionToken:
        token = self.next
        self._at += 1
        return token

    def _expect(self, kind: str) -> None:
        token = self._take()
        if token.kind != kind:
            raise _unexpected(token)


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and value < 2**53 else value


def _unexpected(token: ExpressionToken) -> InvalidArgument:
    if token is _END:
        return InvalidArgument("The expression ends too soon.")
    return InvalidArgument(f"The expression cannot be read at character {token.at}.")
