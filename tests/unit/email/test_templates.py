"""Every mail, in every language: whole, readable for everybody, and with nothing in it that people wrote as code."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from actors.notifications.activities import Mail, MailAction, MailItem
from serve_app.capabilities.email.catalogues import LOCALES, Catalogues
from serve_app.capabilities.email.rendering import Templates
from serve_app.capabilities.email.words import WORDS, messages
from tests.unit.email.examples import PUBLIC_URL, SNAPSHOTS, example, html, snapshots

TEMPLATES = Templates(PUBLIC_URL)
EVIL = ["{{ 7*7 }}", "{% for x in y %}", "<script>alert(1)</script>", "{starts_at}", '"><img src=x>', "a\r\nBcc: x@y.z"]


@pytest.mark.parametrize("name", sorted(snapshots()))
def test_mails_are_as_they_were_when_somebody_last_read_them(name: str) -> None:
    assert snapshots()[name] == (SNAPSHOTS / name).read_text("utf-8"), "python -m tests.unit.email.examples"


@pytest.mark.parametrize("language", [one for one in Catalogues().languages if one != "en"])
def test_a_catalogue_is_whole_and_keeps_the_values(language: str) -> None:
    says = Catalogues().language(language).says
    for message in messages():
        translated = says(message)
        if message != "Register":
            assert translated != message, f"{message!r} is not translated"
        assert sorted(re.findall(r"\{\w+\}", translated)) == sorted(re.findall(r"\{\w+\}", message))


def test_english_and_german_are_there() -> None:
    assert TEMPLATES.languages == ["de", "en"]
    assert {path.name for path in LOCALES.iterdir()} == {"de"}  # English is what is in the code


@pytest.mark.parametrize("name", sorted(WORDS))
@pytest.mark.parametrize("locale", ["en", "de", "de-AT", "en-GB", "fr", "xx-bad", "", "../../etc"])
def test_every_mail_can_be_read_in_the_language_of_its_reader_or_in_english(name: str, locale: str) -> None:
    rendered = TEMPLATES.render(example(name, locale))
    assert rendered.language.split("-")[0] == ("de" if locale.startswith("de") else "en")
    assert f'lang="{rendered.language}"' in rendered.html
    assert rendered.subject
    assert "12345678" not in rendered.subject
    for left_over in ("{{", "{%", "{starts", "{amount"):
        assert left_over not in rendered.text + rendered.html


def test_moments_are_those_of_the_readers_zone() -> None:
    text = TEMPLATES.render(example("booking_confirmed")).text
    assert "Thursday, November 20, 2025" in text
    assert "10:30" in text
    mars = Mail("booking_confirmed", tz="Mars/Olympus", values={"starts_at_ms": 1_763_631_000_000})
    assert "9:30" in TEMPLATES.render(mars).text  # UTC
    assert "(UTC)" in TEMPLATES.render(mars).text


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        (12_050, "EUR", "de", "120,50\xa0€"),
        (12_050, "EUR", "en", "€120.50"),
        (500, "JPY", "en", "¥500"),
        (1, "KWD", "en", "KWD0.001"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(amount: int, currency: str, locale: str, shown: str) -> None:
    mail = Mail("payment_succeeded", locale=locale, values={"amount": amount, "currency": currency})
    assert shown in TEMPLATES.render(mail).text


@pytest.mark.parametrize("evil", EVIL)
def test_what_people_wrote_is_shown_and_never_run(evil: str) -> None:
    mail = Mail(
        "announcement",
        title=evil,
        body=evil,
        code=evil,
        actions=(MailAction(evil, "/x"),),
        items=(MailItem(title=evil, body=evil),),
        values={"therapist": evil, "service": evil},
    )
    rendered = TEMPLATES.render(mail)
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject
    assert "49" not in rendered.text
    assert "<script" not in rendered.html.replace("<!--", "")
    assert "<img" not in rendered.html
    assert " ".join(evil.split()) in rendered.text


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_title_breaks_a_header(title: str, body: str) -> None:
    rendered = TEMPLATES.render(Mail("announcement", title=title, body=body))
    assert rendered.subject == " ".join(rendered.subject.split())
    assert rendered.subject.isprintable() or any(ord(character) > 127 for character in rendered.subject)
    assert not set("\r\n\x00\u202e") & set(rendered.subject)


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "http://evil.example", "//evil.example", "data:text/html,x", "x"],
)
def test_a_link_that_leads_anywhere_else_is_none(link: str) -> None:
    mail = Mail("announcement", title="t", link=link, actions=(MailAction("Go", link),))
    rendered = TEMPLATES.render(mail)
    assert "evil" not in rendered.html
    assert "javascript" not in rendered.html
    assert "data:" not in rendered.html


def test_without_a_public_url_there_are_no_links() -> None:
    rendered = Templates().render(example("booking_confirmed"))
    assert "href" not in rendered.html
    assert "http" not in rendered.text


def test_nobody_is_told_that_a_mail_was_opened() -> None:
    for form in ("booking_confirmed", "digest"):
        found = re.findall(r"""(?:src|href)="([^"]+)"|url\(([^)]+)\)""", html(form))
        assert {"".join(one).split("/")[2] for one in found} == {"app.carewire.test"}
        assert "<img" not in html(form)
        assert "@import" not in html(form)


class Contrasts(HTMLParser):
    """The contrast of every text with what is behind it (WCAG 2.2, 1.4.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, str, str]] = []
        self.found: dict[str, float] = {}
        self.hidden = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        style = dict(attrs).get("style") or ""
        colour, behind = self.stack[-1][1:] if self.stack else ("#000000", "#ffffff")
        own = dict(part.split(":", 1) for part in style.split(";") if ":" in part)
        if tag not in ("meta", "br", "link", "img"):
            self.stack.append(
                (tag, own.get("color", colour), own.get("background-color", own.get("background", behind)))
            )

    @override
    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    @override
    def handle_data(self, data: str) -> None:
        if data.strip() and self.stack and self.stack[-1][0] not in ("style", "title", "head"):
            self.found[data.strip()] = contrast(*self.stack[-1][1:])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour.strip().lstrip("#")[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("form", ["booking_confirmed", "digest", "password_reset"])
def test_every_word_can_be_read(form: str) -> None:
    parser = Contrasts()
    parser.feed(html(form))
    assert len(parser.found) > 3
    assert min(parser.found.values()) >= 4.5, parser.found
    assert round(contrast("#ffffff", "#000000"), 1) == 21.0  # the measure is sound


def test_a_language_from_right_to_left_is_written_so(tmp_path: Path) -> None:
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "carewire.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Your session is confirmed"\n'
        'msgstr "تم تأكيد جلستك"\n',
        "utf-8",
    )
    rendered = Templates(PUBLIC_URL, Catalogues(tmp_path)).render(example("booking_confirmed", "ar"))
    assert rendered.subject == "تم تأكيد جلستك"
    assert rendered.html.count('dir="rtl"') >= 1
    assert "text-align:left" not in re.sub(r'style="[^"]*direction:rtl[^"]*"', "", rendered.html)
    assert "direction:ltr" not in rendered.html
    assert "It begins on" in rendered.text  # what is missing is English
