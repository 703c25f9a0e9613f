"""Plain texts as edits, and what a person saw as a number."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.worksheets.document.crdt import DocumentEdit, document_of, smallest_edit
from actors.worksheets.document.digest import canonical, digest_of
from common.errors import InvalidArgument

TEXTS = st.text(st.sampled_from("ab é日😀👩‍\n\U0001f1e9"), max_size=12)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_the_smallest_edit_makes_one_text_of_another_in_every_plane(present: str, wanted: str) -> None:
    """Offsets are bytes of UTF-8."""
    start, end, new = smallest_edit(present, wanted)
    data = present.encode()
    assert (data[:start] + new.encode() + data[end:]).decode() == wanted
    document = document_of(b"", number=1)
    edit = DocumentEdit(document)
    edit.text("text:a", present)
    edit.text("text:a", wanted)
    again = DocumentEdit(document_of(edit.update(), number=1))
    again.text("text:a", wanted)
    assert again.update()[0] == 0  # no struct: it was this text already


def test_the_smallest_edit_keeps_what_is_the_same_at_both_ends() -> None:
    assert smallest_edit("one 😀 two", "one 😀 and two") == (9, 9, "and ")
    assert smallest_edit("aaa", "aa") == (2, 3, "")
    assert smallest_edit("same", "same") == (4, 4, "")


def test_canonical_json_is_that_of_rfc_8785() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27, 0, -0.0, 2.0],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,0,2],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical({"\U0001f600": 1, "\ufb33": 2, "a": 3}) == '{"a":3,"\U0001f600":1,"\ufb33":2}'
    assert digest_of({"mood": 2.0}) == digest_of({"mood": 2})
    with pytest.raises(InvalidArgument):
        canonical([float("nan")])


@settings(deadline=None, max_examples=1)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=300, max_size=300))
def test_numbers_are_written_as_javascript_writes_them(numbers: list[float]) -> None:
    code = "let s='';process.stdin.on('data',d=>s+=d).on('end',()=>console.log(JSON.stringify(JSON.parse(s))))"
    ran = subprocess.run(["node", "-e", code], input=json.dumps(numbers), capture_output=True, text=True, check=True)
    assert canonical(numbers) == ran.stdout.strip()
