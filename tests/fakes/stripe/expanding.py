"""`expand`: objects in the place of their ids (https://docs.stripe.com/expand)."""

import copy
from typing import Final

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.faults import bad_request

_DEEPEST: Final = 4


def expanded(books: Books, answer: Object, paths: list[str]) -> Object:
    """A copy of an answer, with what was asked for in it.

    Raises:
        StripeFault: a path goes too deep, or leads nowhere.
    """
    made = copy.deepcopy(answer)
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise bad_request(
                "property_expansion_max_depth", "expand", f"You cannot expand more than {_DEEPEST} levels."
            )
        _expand(books, made, parts)
    return made


def _expand(books: Books, within: Object, parts: list[str]) -> None:
    head, rest = parts[0], parts[1:]
    if head not in within:
        raise bad_request("parameter_invalid", "expand", f"This property cannot be expanded ({head}).")
    value = within[head]
    if isinstance(value, str):
        value = within[head] = copy.deepcopy(books.objects[value])
    inner = value if isinstance(value, list) else [value]
    for one in inner:
        if rest and isinstance(one, dict):
            _expand(books, one, rest)
