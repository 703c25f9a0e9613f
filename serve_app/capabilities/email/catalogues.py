"""Languages: the words of catalogues, and how each language writes moments and amounts."""

import gettext
import io
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, get_currency_precision

LOCALES: Final = Path(__file__).parent / "templates" / "locales"
_DOMAIN: Final = "carewire.po"
_ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class Language:
    """One reader's. `locale` is the language of its words, in the reader's region."""

    locale: Locale
    words: gettext.NullTranslations

    @property
    def tag(self) -> str:
        """As HTML and mails name it (BCP 47)."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """In which direction it is written: ltr or rtl."""
        return self.locale.text_direction

    def says(self, message: str) -> str:
        """The message in this language; in English, where the catalogue has none."""
        return self.words.gettext(message) if message else ""

    def moment(self, at_ms: int, tz: str) -> str:
        """Day, time and zone of a moment, as people there write it. In UTC, where there is no such zone."""
        at = datetime.fromtimestamp(at_ms / 1000, zone_of(tz))
        day, time = format_date(at, "full", locale=self.locale), format_time(at, "short", locale=self.locale)
        return f"{day}, {time} ({get_timezone_name(at, 'short', locale=self.locale)})"

    def amount(self, minor: int, currency: str) -> str:
        """An amount of so many of its smallest units."""
        return format_currency(Decimal(minor).scaleb(-get_currency_precision(currency)), currency, locale=self.locale)


class Catalogues:
    """All languages there are: a folder each, `<language>/LC_MESSAGES/carewire.po`."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._words: dict[str, gettext.NullTranslations] = {
            path.parts[-3]: _read(path) for path in sorted(folder.glob(f"*/LC_MESSAGES/{_DOMAIN}"))
        }

    @property
    def languages(self) -> list[str]:
        """Those that there are words in."""
        return sorted({_ENGLISH, *self._words})

    def language(self, locale: str) -> Language:
        """The reader's language, or English."""
        try:
            found = Locale.parse(locale.replace("-", "_"))
        except (ValueError, TypeError, UnknownLocaleError):
            found = Locale(_ENGLISH)
        words = self._words.get(found.language)
        if words is None:
            known = found if found.language == _ENGLISH else Locale(_ENGLISH)
            return Language(known, gettext.NullTranslations())
        return Language(found, words)


def zone_of(name: str) -> tzinfo:
    """The zone; UTC, where there is none of this name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, KeyError):  # also ZoneInfoNotFoundError
        return UTC


def _read(path: Path) -> gettext.NullTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
