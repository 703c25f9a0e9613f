"""Pages that are rendered from the program are the program's."""

import re

import pytest

from serve_app.cluster.documents import PAGES
from tests.unit.documents.reading import PACKAGES, ROOT


@pytest.mark.parametrize("page", PAGES)
def test_a_rendered_page_shows_the_program_as_it_is(page: str) -> None:
    shown = (ROOT / "docs" / f"{page}.md").read_text()
    assert shown == PAGES[page](), f"run: python -m serve_app.cluster.documents {page} > docs/{page}.md"


def test_the_pages_name_every_route_and_event() -> None:
    assert PAGES["api"]().count("\n- operation: `") > 80
    assert "### `POST /api/bookings/{booking_id}/reschedule`\n" in PAGES["api"]()
    assert "### `availability_changed`\n" in PAGES["events"]()


@pytest.mark.parametrize("page", PAGES)
def test_components_have_names_and_not_modules(page: str) -> None:
    """Two of one name would be told apart by the modules that they stand in, which are nobody's business."""
    shown = (ROOT / "docs" / f"{page}.md").read_text()
    assert re.findall(rf"\b(?:{'|'.join(PACKAGES)})(?:\.\w+)+\.[A-Z]\w*", shown) == []
