"""A tree, with answers, to a value. Every node is looked at once, so an expression costs what it is long."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from actors.worksheets.schema.expressions import comparing
from actors.worksheets.schema.expressions.parser import (
    Chain,
    Constant,
    FunctionCall,
    ListLiteral,
    Node,
    Reference,
    Unary,
)
from actors.worksheets.schema.expressions.values import (
    Value,
    add,
    corrected,
    divide,
    is_empty,
    multiply,
    numeric,
    rounded_sum,
    subtract,
    truth,
    whole,
)


def value_of(node: Node, answers: Mapping[str, Value]) -> Value:
    """What it comes to. A field without an answer is None."""
    match node:
        case Constant(value):
            return value
        case Reference(field):
            return corrected(answers.get(field))
        case ListLiteral(items):
            return [value_of(one, answers) for one in items]
        case Unary(name, of):
            return _UNARY[name](value_of(of, answers))
        case FunctionCall(name, arguments):
            return _CALLS[name]([value_of(one, answers) for one in arguments])
        case Chain(first, rest):
            result = value_of(first, answers)
            for sign, one in rest:
                result = _BINARY[sign](result, value_of(one, answers))
            return result


def holds(node: Node, answers: Mapping[str, Value]) -> bool:
    """Is the condition met?"""
    return truth(value_of(node, answers))


def _filled(value: Value, beside: Value) -> Value:
    """What stands for nothing in an operation, by what stands beside it."""
    if not is_empty(value):
        return value
    if isinstance(beside, int | float) and not isinstance(beside, bool):
        return 0
    if isinstance(value, str) or isinstance(beside, str):
        return ""
    return [] if isinstance(beside, list) else 0


def _of_filled(operation: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    def filled(left: Value, right: Value) -> Value:
        left = _filled(left, right)
        return operation(left, _filled(right, left))

    return filled


def _flat(values: Iterable[Value]) -> Iterator[Value]:
    for one in values:
        if isinstance(one, list):
            yield from _flat(one)
        elif one is not None:
            found = numeric(one)
            yield one if found is None else found


def _sum(arguments: list[Value]) -> Value:
    total: Value = 0
    for one in _flat(arguments):
        total = rounded_sum(total, one)
    return total


def _least(arguments: list[Value]) -> Value:
    found = list(_flat(arguments))
    least = found[0] if found else None
    for one in found:
        least = one if comparing.greater(least, one) else least
    return least


def _greatest(arguments: list[Value]) -> Value:
    found = list(_flat(arguments))
    greatest = found[0] if found else None
    for one in found:
        greatest = one if comparing.greater(one, greatest) else greatest
    return greatest


def _average(arguments: list[Value]) -> Value:
    many = len(list(_flat(arguments)))
    return whole(divide(_sum(arguments), many)) if many else 0


def _either(arguments: list[Value]) -> Value:
    if len(arguments) < 2:
        return None
    if truth(arguments[0]):
        return arguments[1]
    return arguments[2] if len(arguments) > 2 else None


_UNARY: Final[Mapping[str, Callable[[Value], Value]]] = {
    "not": lambda value: not truth(value),
    "empty": is_empty,
    "notempty": lambda value: not is_empty(value),
}
_CALLS: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "sum": _sum,
    "min": _least,
    "max": _greatest,
    "avg": _average,
    "count": lambda arguments: len(list(_flat(arguments))),
    "iif": _either,
}
_BINARY: Final[Mapping[str, Callable[[Value, Value], Value]]] = {
    "or": _of_filled(lambda left, right: left if truth(left) else right),
    "and": _of_filled(lambda left, right: right if truth(left) else left),
    "+": _of_filled(add),
    "-": _of_filled(subtract),
    "*": _of_filled(multiply),
    "/": _of_filled(divide),
    "=": comparing.equal,
    "!=": lambda left, right: not comparing.equal(left, right),
    ">": comparing.greater,
    "<": lambda left, right: comparing.greater(right, left),
    ">=": lambda left, right: comparing.equal(left, right) or comparing.greater(left, right),
    "<=": lambda left, right: comparing.equal(left, right) or comparing.greater(right, left),
    "contains": comparing.contains,
    "notcontains": comparing.not_contains,
    "anyof": comparing.any_of,
    "allof": comparing.all_of,
}
