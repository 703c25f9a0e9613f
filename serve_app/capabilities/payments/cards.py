"""No card data, ever: a text that holds a card number is refused before anybody has seen it."""

import re
from dataclasses import replace
from typing import Any, Final

import msgspec

from common.errors import InvalidArgument
from serve_app.edge.operation import Answer, Caller, Operation

_START: Final = re.compile(r"(?<![A-Za-z0-9])[2-6](?=(?:[ -]*[0-9]){12})")
_SHORTEST, _LONGEST = 13, 19


def guarded(operation: Operation[Any]) -> Operation[Any]:
    """The operation, for requests that hold no card number."""

    async def checked(request: Any, caller: Caller) -> Answer:
        refuse_cards(msgspec.to_builtins(request))
        answer: Answer = await operation.call(request, caller)
        return answer

    return replace(operation, call=checked)


def refuse_cards(value: object) -> None:
    """Raises InvalidArgument (`details.reason: "card_data"`): somewhere in it stands a card number."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if holds_card(one):
                raise InvalidArgument(
                    "Card numbers are typed into the provider's own fields, never sent here.",
                    details={"reason": "card_data"},
                )
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one


def holds_card(text: str) -> bool:
    """13 to 19 digits, blanks or dashes between them, Luhn-valid, the first 2 to 6, no letter or digit touching."""
    return any(_card_at(text, found.start()) for found in _START.finditer(text))


def _card_at(text: str, start: int) -> bool:
    digits: list[int] = []
    for place in range(start, len(text)):
        letter = text[place]
        if letter in " -":
            continue
        if not ("0" <= letter <= "9") or len(digits) == _LONGEST:
            return False
        digits.append(int(letter))
        ends = place + 1 == len(text) or not text[place + 1].isalnum()
        if len(digits) >= _SHORTEST and ends and _luhn(digits):
            return True
    return False


def _luhn(digits: list[int]) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
