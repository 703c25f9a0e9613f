"""What a person saw, as a number: SHA-256 of the canonical JSON (RFC 8785) of the visible answers."""

import hashlib
import json
import math
from collections.abc import Mapping

from common.errors import InvalidArgument


def digest_of(answers: Mapping[str, object]) -> str:
    """Hexadecimal.

    Raises:
        InvalidArgument: a number is not finite.
    """
    return hashlib.sha256(canonical(answers).encode()).hexdigest()


def canonical(value: object) -> str:
    """JSON as RFC 8785 writes it: members in the order of UTF-16, numbers as ECMAScript does."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return _string(value)
        case list() | tuple():
            return "[" + ",".join(map(canonical, value)) + "]"
        case dict():
            names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
            return "{" + ",".join(f"{_string(name)}:{canonical(value[name])}" for name in names) + "}"
    raise InvalidArgument("This is no JSON.")


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: int | float) -> str:
    """As ECMAScript's Number::toString: shortest digits that read back, exponents from 1e21 and below 1e-6."""
    number = float(value)
    if not math.isfinite(number):
        raise InvalidArgument("A number is not finite.")
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    sign, digits, exponent = _parts(number)
    if 0 < exponent <= 21:
        return sign + (digits[:exponent] + "." + digits[exponent:])
    if -6 < exponent <= 0:
        return f"{sign}0.{'0' * -exponent}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'+' if exponent > 0 else '-'}{abs(exponent - 1)}"


def _parts(number: float) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end, and the place of the point behind the first of them."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, rest = mantissa.partition(".")
    digits = (whole + rest).lstrip("0")
    shift = len(whole + rest) - len((whole + rest).lstrip("0"))
    return "-" if number < 0 else "", digits.rstrip("0"), int(exponent or 0) + len(whole) - shift
