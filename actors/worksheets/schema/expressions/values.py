"""What JavaScript, and SurveyJS on top of it, makes of values: numbers, texts, true, false, lists, rows of groups, and
None for what is not there."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

Value = Any
"""JSON: None, bool, int, float, str, list, dict."""
_NAN: Final = math.nan
_LONGEST: Final = 65_536
_BLANK: Final = " \t\n\r\f\v\u00a0\ufeff\u2028\u2029"
_HEXADECIMAL: Final = re.compile(r"0[xX][0-9a-fA-F]{1,256}")
_LEAST_PLAIN: Final = 1e-6
_FROM_EXPONENT: Final = 1e21


def whole(value: Value) -> Value:
    """Whole numbers are whole, however a client stored them."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return value


def is_empty(value: Value) -> bool:
    """Nothing at all: not 0, and not false."""
    if isinstance(value, dict):
        return all(is_empty(one) for one in value.values())
    if isinstance(value, bool) or value == 0:
        return False
    return value is None or value == "" or value == [] or _is_nan(value)


def truth(value: Value) -> bool:
    """As `if (value)` has it: an empty list is true."""
    if isinstance(value, list | dict):
        return True
    return bool(value) and not _is_nan(value)


def number(value: Value) -> float:
    """`Number(value)`; NaN where it is none."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    text = text_of(value).strip(_BLANK)
    if not text:
        return 0.0
    if _HEXADECIMAL.fullmatch(text):
        return float(int(text, 16))
    if not set(text) <= set("0123456789+-.eE"):
        return _NAN
    try:
        return float(text)
    except ValueError:
        return _NAN


def text_of(value: Value) -> str:
    """`String(value)`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join("" if one is None else text_of(one) for one in value)
    if isinstance(value, dict):
        return "[object Object]"
    return number_text(value)


def number_text(value: float) -> str:
    """A number as ECMAScript writes it (and RFC 8785)."""
    if isinstance(value, int):
        return str(value) if abs(value) < 2**53 else number_text(float(value))
    if _is_nan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < _FROM_EXPONENT:
        return str(int(value))
    digits = repr(value)
    if "e" not in digits:
        return digits
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if _LEAST_PLAIN <= abs(value) < 1:
        return format(Decimal(digits), "f")
    return f"{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


def numeric(value: Value) -> float | int | None:
    """SurveyJS's `getNumber`: the number that a number or a text is; None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return None if not math.isfinite(value) else value
    text = text_of(value).strip(_BLANK)
    if not text or (len(text) > 15 and text.isascii() and text.isdigit()):
        return None
    if text.rfind("-") <= 0 and text.rfind("+") <= 0 and set(text) & set("*^/%"):
        return None
    found = number(text.replace(",", ".") if text.count(",") == 1 else text)
    return whole(found) if math.isfinite(found) else None


def corrected(value: Value) -> Value:
    """What SurveyJS takes an answer for: texts that look like numbers, true or false are those."""
    if not isinstance(value, str) or not value:
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if len(value) > 1 and value[0] in "'\"" and value[-1] in "'\"":
        return value[1:-1]
    found = numeric(value)
    if found is None:
        return value
    pointed = len(value) > 1 and value[1] in ".,"
    if value[0] == "0" and len(value) > 1 and not pointed and value[1] not in "xX":
        return value
    return found


def add(left: Value, right: Value) -> Value:
    """SurveyJS's `+`."""
    if numeric(left) is not None and numeric(right) is not None:
        if isinstance(left, str) or isinstance(right, str):
            return _joined(left, right)
        return rounded_sum(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    if isinstance(left, list) or isinstance(right, list):
        return _added_to_list(left, right)
    return rounded_sum(left, right)


def _added_to_list(left: Value, right: Value) -> Value:
    items, other = (left, right) if isinstance(left, list) else (right, left)
    if isinstance(other, str):
        text = ", ".join("" if one is None else text_of(one) for one in items)
        return (text + other if isinstance(left, list) else other + text)[:_LONGEST]
    if _is_number(other):
        total: Value = 0
        for one in items:
            total = rounded_sum(total, one) if _is_number(one) else total
        return rounded_sum(total, other)
    return _joined(left, right)


def rounded_sum(left: Value, right: Value) -> Value:
    """JavaScript's `+`, with as many decimals as the more precise of two numbers has."""
    if any(isinstance(one, str | list | dict) for one in (left, right)):
        return _joined(left, right)
    return _rounded(number(left) + number(right), max(decimals(left), decimals(right)))


def subtract(left: Value, right: Value) -> Value:
    """`-`, rounded likewise."""
    return _rounded(number(left) - number(right), max(decimals(left), decimals(right)))


def multiply(left: Value, right: Value) -> Value:
    """`*`, rounded likewise."""
    return _rounded(number(left) * number(right), decimals(left) + decimals(right))


def divide(left: Value, right: Value) -> Value:
    """`/`; None by nothing."""
    divisor = number(right)
    if not truth(right):
        return None
    if divisor == 0:
        return math.copysign(math.inf, number(left)) if number(left) else _NAN
    return whole(number(left) / divisor)


def decimals(value: Value) -> int:
    """How many digits a number has behind the point."""
    if numeric(value) is None:
        return 0
    parts = text_of(value).split(".")
    return len(parts[1]) if len(parts) > 1 and number(value) != math.floor(number(value)) else 0


def _rounded(value: float, digits: int) -> Value:
    if not digits or not math.isfinite(value):
        return whole(value)
    with localcontext() as context:
        context.prec = 400
        exact = Decimal(value).quantize(Decimal(1).scaleb(-min(digits, 100)), rounding=ROUND_HALF_UP)
    return whole(float(exact))


def _joined(left: Value, right: Value) -> str:
    return (text_of(left) + text_of(right))[:_LONGEST]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)
