"""What the documents show as examples is what the program takes and answers."""

from typing import Any

import msgspec
import pytest

from common.decoding import decode
from serve_app.edge.operation import ClientEvent, Operation
from tests.declared import declared

DECLARED = {one.name: one for one in declared()}


@pytest.mark.parametrize("name", DECLARED)
def test_every_operation_has_an_example_that_is_of_its_types(name: str) -> None:
    one: Operation[Any] | ClientEvent[Any] = DECLARED[name]
    assert one.example is not None
    decode([msgspec.Raw(msgspec.json.encode(one.example.request))], one.request, 10_000)
    assert one.response is not None
    msgspec.json.decode(msgspec.json.encode(one.example.answer), type=one.response)


@pytest.mark.parametrize("name", DECLARED)
def test_every_operation_says_what_it_is(name: str) -> None:
    assert DECLARED[name].description.endswith(".")
