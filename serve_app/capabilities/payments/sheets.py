"""Documents as PDF (reportlab), in Source Sans Pro. Letters that the font lacks are refused, never drawn as boxes."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import font_source_sans_pro
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from actors.payments.payer.answers import Address
from common.errors import FailedPrecondition

_REGULAR, _BOLD = "SourceSansPro", "SourceSansPro-Bold"
_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * mm, 190 * mm, 277 * mm, 25 * mm
_SIZE, _LEADING = 10.0, 14.0
_WIDEST: Final = 95 * mm


@cache
def _fonts() -> tuple[frozenset[int], frozenset[int]]:
    """Register the fonts; the letters that they have."""
    found: list[frozenset[int]] = []
    files = Path(font_source_sans_pro.__file__).parent / "files"
    for name, file in ((_REGULAR, "SourceSansPro-Regular.ttf"), (_BOLD, "SourceSansPro-Bold.ttf")):
        font = TTFont(name, str(files / file))
        pdfmetrics.registerFont(font)
        found.append(frozenset(font.face.charToGlyph))
    return found[0], found[1]


class PdfSheet:
    """A document while it is drawn, from the top down. `page_words`: how pages are numbered ("Page {page}")."""

    def __init__(self, title: str, page_words: str, footer: str = "") -> None:
        self._letters, _ = _fonts()
        self._page_words, self._footer = page_words, footer
        self._buffer = io.BytesIO()
        self._canvas = Canvas(self._buffer, pagesize=A4, invariant=1)
        self._canvas.setTitle(title)
        self._y, self._page = _TOP, 1

    def bytes(self) -> bytes:
        """What was drawn."""
        self._foot()
        self._canvas.save()
        return self._buffer.getvalue()

    def gap(self, lines: float = 1.0) -> None:
        """So many lines are left empty."""
        self._y -= lines * _LEADING

    def lines(self, lines: Iterable[str], *, bold_first: bool = False) -> None:
        """One below the other."""
        for place, line in enumerate(lines):
            self.row(line, bold=bold_first and place == 0)

    def row(self, text: str, *, bold: bool = False, size: float = _SIZE) -> None:
        """A line, or as many as it takes."""
        for line in self._wrapped(text, width=_RIGHT - _LEFT):
            self._room()
            self._say(line, _LEFT, bold=bold, size=size)
            self._y -= _LEADING * size / _SIZE

    def cells(self, ends_mm: Sequence[float], texts: Sequence[str], *, bold: bool = False) -> None:
        """A line of a table: its first cell at the left margin, in as many lines as it takes; the others end so many mm
        from the edge."""
        first, *others = self._wrapped(texts[0])
        self._room()
        self._say(first, _LEFT, bold=bold)
        for end_mm, text in zip(ends_mm, texts[1:], strict=True):
            self._say(text, end_mm * mm, bold=bold, right=True)
        self._y -= _LEADING
        for more in others:
            self.row(more)

    def _say(self, text: str, x: float, *, bold: bool = False, size: float = _SIZE, right: bool = False) -> None:
        if missing := {letter for letter in text if ord(letter) not in self._letters}:
            raise FailedPrecondition(
                "This document has letters that its font lacks.",
                details={"reason": "font", "letters": sorted(missing)[:10]},
            )
        self._canvas.setFont(_BOLD if bold else _REGULAR, size)
        (self._canvas.drawRightString if right else self._canvas.drawString)(x, self._y, text)

    def _wrapped(self, text: str, width: float = _WIDEST) -> list[str]:
        """The text in lines that fit."""
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and pdfmetrics.stringWidth(longer, _REGULAR, _SIZE) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def _room(self) -> None:
        if self._y < _BOTTOM:
            self._foot()
            self._canvas.showPage()
            self._y, self._page = _TOP, self._page + 1

    def _foot(self) -> None:
        above, self._y = self._y, 15 * mm
        if self._footer:
            self._say(self._footer[:110], _LEFT, size=8)
        self._say(self._page_words.format(page=self._page), _RIGHT, size=8, right=True)
        self._y = above


def address_lines(address: Address | None) -> list[str]:
    """An address as it stands on an envelope."""
    if address is None:
        return []
    lines = [address.line1, address.line2 or "", f"{address.postal_code} {address.city}", address.country]
    return [line for line in lines if line.strip(" -")]
