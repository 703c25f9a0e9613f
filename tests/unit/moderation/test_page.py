"""The page about safety says what is so."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "safety.md"


def test_what_the_page_shows_is_what_happens() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted > 5
    assert found.failed == 0
