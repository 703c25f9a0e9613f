"""When two values are equal, which is greater, and what is contained in what: SurveyJS's meaning."""

import math

from actors.worksheets.schema.expressions.values import Value, corrected, is_empty, number, text_of


def equal(left: Value, right: Value) -> bool:
    """Texts without regard to case and blanks at their ends, numbers by value, lists in any order."""
    if _none(left) and _none(right):
        return True
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if _convertible(left) and _convertible(right) and number(left) == number(right) and _digits(left, right):
        return True
    if is_empty(left) != is_empty(right):
        return False
    if isinstance(left, bool) and isinstance(right, str):
        return text_of(left) == right.lower()
    if isinstance(right, bool) and isinstance(left, str):
        return text_of(right) == left.lower()
    if isinstance(left, list) and isinstance(right, list):
        return _equal_lists(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return False
    return _loosely_equal(left, right)


def greater(left: Value, right: Value) -> bool:
    """`left > right`; nothing is greater than nothing."""
    if left is None or right is None:
        return False
    if isinstance(left, dict) or isinstance(right, dict):
        return False
    one, other = _primitive(left), _primitive(right)
    if isinstance(one, str) and isinstance(other, str):
        return one.encode("utf-16-be", "surrogatepass") > other.encode("utf-16-be", "surrogatepass")
    return number(one) > number(other)


def contains(left: Value, right: Value) -> bool:
    """Is `right` in the text, or are all of it in the list?"""
    return _contains(left, right, wanted=True)


def not_contains(left: Value, right: Value) -> bool:
    """The opposite; what is not there contains nothing."""
    if _falsy(left) and not is_empty(right):
        return True
    return _contains(left, right, wanted=False)


def any_of(left: Value, right: Value) -> bool:
    """Is one of `right` in `left`?"""
    if is_empty(left) and is_empty(right):
        return True
    if is_empty(left):
        return False
    if is_empty(right):
        return True
    if not isinstance(left, list):
        return contains(right, left)
    if not isinstance(right, list):
        return contains(left, right)
    return any(contains(left, one) for one in right)


def all_of(left: Value, right: Value) -> bool:
    """Are all of `right` in `left`?"""
    if _falsy(left) and not is_empty(right):
        return False
    if not isinstance(right, list):
        return contains(left, right)
    return all(contains(left, one) for one in right)


def _contains(left: Value, right: Value, *, wanted: bool) -> bool:
    if left == [] and isinstance(left, list):
        return not wanted
    if _falsy(left) and left != 0 and left is not False:
        return False
    if not isinstance(left, list):
        return _in_text(text_of(left), right, wanted=wanted)
    for one in right if isinstance(right, list) else [right]:
        if not any(equal(item, one) for item in left):
            return not wanted
    return wanted


def _in_text(text: str, right: Value, *, wanted: bool) -> bool:
    if _falsy(right):
        return False
    return (text_of(right).lower() in text.lower()) is wanted


def _equal_lists(left: list[Value], right: list[Value]) -> bool:
    if len(left) != len(right):
        return False
    pairs = zip(sorted(left, key=text_of), sorted(right, key=text_of), strict=True)
    return all(equal(one, other) for one, other in pairs)


def _loosely_equal(left: Value, right: Value) -> bool:
    """`left == right` of what is neither list nor row."""
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return number(left) == number(right)


def _digits(left: Value, right: Value) -> bool:
    """True, false and blank texts count as numbers only where JavaScript parses digits in them."""
    return not any(isinstance(one, bool) or (isinstance(one, str) and not one.strip()) for one in (left, right))


def _convertible(value: Value) -> bool:
    return value is not None and not isinstance(value, list | dict) and not math.isnan(number(value))


def _none(value: Value) -> bool:
    return value is None or (isinstance(value, str) and value == "")


def _falsy(value: Value) -> bool:
    return not isinstance(value, list | dict) and not value


def _primitive(value: Value) -> Value:
    return text_of(value) if isinstance(value, list) else value


__all__ = ["all_of", "any_of", "contains", "corrected", "equal", "greater", "not_contains"]
