"""Mails in words: a template, what it is about, and the language of its reader make subject, text and HTML. Pure.

The forms are compiled from MJML once, when the process starts; a mail fills them in. Whatever people wrote is a value
and never a template, and is escaped in HTML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from mjml import mjml2html

from actors.notifications.activities import Mail, MailItem
from serve_app.capabilities.email.catalogues import Catalogues, Language
from serve_app.capabilities.email.words import FACTS, FOOTER, UNSUBSCRIBE, WORDS, MailTemplate

_FOLDER: Final = Path(__file__).parent / "templates"
_VALUE: Final = re.compile(r"\{(\w+)\}")
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SPACE: Final = re.compile(r"\s+")
_LONGEST_SUBJECT: Final = 200
_MOMENT: Final = "_ms"


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail in words."""

    subject: str
    text: str
    html: str
    language: str


class Templates:
    """One a process. `public_url` is where links point; None: there are none."""

    def __init__(self, public_url: str | None = None, catalogues: Catalogues | None = None) -> None:
        self._public_url = (public_url or "").rstrip("/")
        self._catalogues = catalogues or Catalogues()
        self._forms = {form: _compiled(form) for form in {words.form for words in WORDS.values()}}

    @property
    def languages(self) -> list[str]:
        """Those that there are words in."""
        return self._catalogues.languages

    def render(self, mail: Mail) -> RenderedMail:
        """The mail in words.

        Raises:
            LookupError: there is no such template.
        """
        words, language = WORDS[mail.template], self._catalogues.language(mail.locale)
        values = _shown(mail, language)
        own = words.own and bool(mail.title)
        subject = mail.title if own else _filled(language.says(words.subject), values) or ""
        paragraphs = _own_paragraphs(mail) if own and mail.body else _paragraphs(words.text, language, values)
        fields = {
            "language": language.tag,
            "direction": language.direction,
            "start": "right" if language.direction == "rtl" else "left",
            "subject": _one_line(subject),
            "heading": _one_line(subject),
            "paragraphs": paragraphs,
            "code": _one_line(mail.code),
            "facts": [(language.says(title), values[name]) for name, title in FACTS.items() if values.get(name)],
            "items": [self._item(one, mail.tz, language) for one in mail.items],
            "buttons": self._buttons(mail, words, language),
            "closing": _paragraphs(words.closing, language, values),
            "footer": [language.says(FOOTER)],
            "unsubscribe": self.address(f"/l/{mail.unsubscribe}") if mail.unsubscribe else "",
            "unsubscribe_words": language.says(UNSUBSCRIBE),
        }
        html, text = self._forms[words.form]
        return RenderedMail(
            _one_line(subject)[:_LONGEST_SUBJECT], text.render(fields), html.render(fields), language.tag
        )

    def address(self, link: str) -> str:
        """Where a link leads: a path below the public URL, an address below it, or one of https. "": nowhere."""
        if link.startswith("https://") or (self._public_url and link.startswith(f"{self._public_url}/")):
            return link
        below = link.startswith("/") and not link.startswith("//")
        return f"{self._public_url}{link}" if self._public_url and below else ""

    def _buttons(self, mail: Mail, words: MailTemplate, language: Language) -> list[tuple[str, str]]:
        found = [(language.says(words.button), self.address(mail.link or words.link))] if words.button else []
        found += [(_one_line(action.title), self.address(action.link)) for action in mail.actions]
        return [(title, address) for title, address in found if address]

    def _item(self, item: MailItem, tz: str, language: Language) -> dict[str, str]:
        return {
            "title": _one_line(item.title),
            "body": _one_line(item.body),
            "at": language.moment(item.at_ms, tz) if item.at_ms else "",
            "address": self.address(item.link),
        }


def _compiled(form: str) -> tuple[Template, Template]:
    """HTML and text. No font is fetched from anybody: who opens a mail tells nobody so."""
    source = mjml2html((_FOLDER / f"{form}.mjml").read_text("utf-8"), disable_comments=True, fonts={})
    escaping = Environment(autoescape=True, undefined=StrictUndefined)
    plain = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 # no HTML
    return escaping.from_string(source), plain.from_string((_FOLDER / f"{form}.txt").read_text("utf-8"))


def _shown(mail: Mail, language: Language) -> Mapping[str, str]:
    """The values as texts: moments in the reader's zone, and amounts in their currency."""
    found: dict[str, str] = {}
    for name, value in mail.values.items():
        if name.endswith(_MOMENT) and isinstance(value, int):
            found[name.removesuffix(_MOMENT)] = language.moment(value, mail.tz)
        elif name == "amount" and isinstance(value, int):
            found[name] = language.amount(value, str(mail.values.get("currency", "EUR")))
        else:
            found[name] = _one_line(str(value))
    return found


def _paragraphs(texts: tuple[str, ...], language: Language, values: Mapping[str, str]) -> list[str]:
    filled = (_filled(language.says(text), values) for text in texts)
    return [text for text in filled if text is not None]


def _own_paragraphs(mail: Mail) -> list[str]:
    return [line for line in (_one_line(part) for part in mail.body.splitlines()) if line]


def _filled(text: str, values: Mapping[str, str]) -> str | None:
    """The text with its values, each put in once and read no further. None: one is missing."""
    if any(name not in values for name in _VALUE.findall(text)):
        return None
    return _VALUE.sub(lambda found: values[found[1]], text)


def _one_line(text: str) -> str:
    """Without line ends, and without what is not seen but changes what is: it may stand in a header."""
    return _SPACE.sub(" ", _UNPRINTED.sub(" ", text)).strip()
