"""Bodies as Stripe takes them: `application/x-www-form-urlencoded` with members and list places in brackets; and
`expand`: objects in the place of their ids (https://docs.stripe.com/expand)."""

import copy
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.faults import bad_request

_DEEPEST: Final = 12
_DEEPEST_PATH: Final = 4


def parse(text: str) -> dict[str, Any]:
    """`a[b][0]=c` -> `{"a": {"b": ["c"]}}`. Values stay texts.

    Raises:
        ValueError: a member is named that cannot be one.
    """
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        _put(tree, _path(name), value)
    return {name: _with_lists(value) for name, value in tree.items()}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    if not head or not rest.endswith("]"):
        raise ValueError(name)
    path = [head, *rest[:-1].split("][")]
    if len(path) > _DEEPEST or any("[" in part or "]" in part for part in path):
        raise ValueError(name)
    return path


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise ValueError("[".join(path))
    last = path[-1] or str(len(tree))
    if last in tree:
        raise ValueError("[".join(path))
    tree[last] = value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(one) for name, one in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def expanded(books: Books, answer: Object, paths: list[str]) -> Object:
    """A copy of an answer, with what was asked for in it.

    Raises:
        StripeFault: a path goes too deep, or leads nowhere.
    """
    made = copy.deepcopy(answer)
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST_PATH:
            raise bad_request(
                "property_expansion_max_depth", "expand", f"You cannot expand more than {_DEEPEST_PATH} levels."
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
