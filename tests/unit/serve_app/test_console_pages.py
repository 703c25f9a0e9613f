"""Pages of the console have heads alike, one heading, and a label for each field; tokens are not kept by browsers."""

from pathlib import Path
from typing import Any, Final

import html5lib  # type: ignore[import-untyped]
import pytest

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = sorted((ROOT / "serve_app/capabilities").glob("*/pages/*.html"))
FIELDS: Final = ("input", "select", "textarea")


def parsed(page: Path) -> Any:
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page.read_text())


def labelled(document: Any) -> set[Any]:
    """The fields that have a name for whoever does not see them."""
    inside = {field for label in document.iter("label") for name in FIELDS for field in label.iter(name)}
    return inside | {field for name in FIELDS for field in document.iter(name) if field.get("aria-label")}


def test_there_are_pages() -> None:
    assert len(PAGES) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_it_is(page: Path) -> None:
    document = parsed(page)
    named = {meta.get("name"): meta.get("content") for meta in document.iter("meta")}
    assert document.get("lang") == "en"
    assert document.find("head/title").text == f"Carewire {page.stem}"
    assert named["viewport"] == "width=device-width, initial-scale=1"
    assert 20 < len(named["description"]) < 100
    assert len(list(document.iter("h1"))) == len(list(document.iter("main"))) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_field_has_a_name_and_a_token_is_not_remembered(page: Path) -> None:
    document = parsed(page)
    fields = [field for name in FIELDS for field in document.iter(name) if field.get("type") != "hidden"]
    assert set(fields) <= labelled(document)
    secret = [field for field in fields if field.get("type") == "password"]
    assert secret
    assert all(field.get("autocomplete") == "off" for field in secret)
