"""The names of activities: stable for ever, and telling nothing."""

import re
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.effects.activities.activity_ids import activity_id, mark_from, mark_of, text_of, token_of, uuid_of

MARKS = st.binary(min_size=16, max_size=16)


def test_an_id_is_the_same_in_every_version() -> None:
    assert activity_id("notifier:ann", "mail|evt_1") == text_of(mark_of("notifier:ann", "mail|evt_1"))
    assert activity_id("notifier:ann", "mail|evt_1") == "atv_ain2mgmpy3dwaf3hfhwpqbgvky"


def test_entity_and_key_cannot_be_confused() -> None:
    assert mark_of("a:b", "c") != mark_of("a", "b:c") != mark_of("a:b:c", "")


@given(MARKS)
def test_each_form_is_what_partners_take(mark: bytes) -> None:
    assert re.fullmatch(r"atv_[a-z2-7]{26}", text_of(mark))
    assert mark_from(text_of(mark)) == mark
    assert uuid_of(mark).variant == RFC_4122
    assert uuid_of(mark).version == 8
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token_of(mark))


@given(st.one_of(st.text(max_size=40), st.from_regex(r"atv_[a-z2-7]{20,30}", fullmatch=True)))
def test_what_is_no_id_is_told_so(text: str) -> None:
    mark = mark_from(text)
    assert mark is None or text_of(mark) == text
