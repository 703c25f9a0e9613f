"""Bodies as Stripe takes them: `application/x-www-form-urlencoded` with members and list places in brackets."""

from typing import Any, Final
from urllib.parse import parse_qsl

_DEEPEST: Final = 12


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
