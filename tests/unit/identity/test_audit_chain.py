"""The chain: whoever touches an entry breaks it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.capabilities.audit.chain import AuditEntry, ChainLink, Head, link, parse_head, verify

ENTRIES = [AuditEntry("login", f"u{n}", f"u{n}", at_ms=n) for n in range(8)]


def chained(entries: list[AuditEntry]) -> list[ChainLink]:
    head, links = Head(), []
    for entry in entries:
        links.append(link(head, entry))
        head = Head(links[-1].number, links[-1].hash)
    return links


def test_a_whole_chain_is_whole_and_tells_its_head() -> None:
    links = chained(ENTRIES)
    verdict = verify(links)
    assert (verdict.broken_at, verdict.head) == (0, Head(8, links[-1].hash))
    assert parse_head(str(verdict.head)) == verdict.head
    assert verify([]).head == Head()


@given(st.integers(0, 7), st.sampled_from(["action", "actor", "subject", "why", "address", "outcome", "resource"]))
def test_an_altered_entry_is_found_where_it_is(place: int, member: str) -> None:
    links = chained(ENTRIES)
    altered: dict[str, Any] = {member: "altered"}
    links[place] = replace(links[place], entry=replace(links[place].entry, **altered))
    assert verify(links).broken_at == place + 1


@given(st.integers(0, 6))
def test_a_removed_a_swapped_and_an_inserted_entry_are_found(place: int) -> None:
    links = chained(ENTRIES)
    assert verify(links[:place] + links[place + 1 :]).broken_at == place + 1
    swapped = [*links]
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    assert verify(swapped).broken_at == place + 1
    inserted = link(Head(place, links[place].previous), AuditEntry("forged", "eve"))
    assert verify([*links[:place], inserted, *links[place:]]).broken_at > place


def test_who_alters_an_entry_and_its_hash_breaks_the_next() -> None:
    links = chained(ENTRIES)
    links[3] = link(Head(3, links[2].hash), replace(links[3].entry, actor="eve"))
    assert verify(links).broken_at == 5


@pytest.mark.parametrize("text", ["", "1", "x:00", "1:zz", "1:" + "0" * 63])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="head"):
        parse_head(text)
