"""Links in messages, and whether they lead where they seem to: judged by what they spell, never by looking there. Pure.

The table of letters that look like others is Unicode's, cut down to what can stand in a host name (`confusables.txt`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

MOST: Final = 50
"""Links of one message that are judged; more are not shown."""
_URL: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"'`\\^{}|]+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]*_~"
_HOST: Final = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[^\W\d_]{2,})(?![\w@])", re.IGNORECASE)
_UNSEEN: Final = frozenset("\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u2066\u2067\u2068\u2069")
_TURNED: Final = frozenset("\u202a\u202b\u202c\u202d\u202e")
_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""Scripts that are written together in one name (UTS #39, 5.2)."""


class JudgedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is shown."""

    url: str
    host: str
    verdict: Literal["ok", "unusual"]


def in_text(text: str) -> list[tuple[str, str]]:
    """(address, "") of each link that a plain text spells out. Most texts have none, and cost one look."""
    if "://" not in text and "www." not in text.lower():
        return []
    found = (match[0].rstrip(_TRAILING) for match in _URL.finditer(text))
    return [(url if "://" in url else f"https://{url}", "") for url in found]


def judged(links: Iterable[tuple[str, str]]) -> list[JudgedLink]:
    """Each of these links once, with its host and a verdict."""
    found: dict[str, JudgedLink] = {}
    for url, words in links:
        if len(found) >= MOST:
            break
        one = _judged(url, words)
        if url not in found or one.verdict == "unusual":
            found[url] = one
    return list(found.values())


def _judged(url: str, words: str) -> JudgedLink:
    if url.lower().startswith("mailto:"):
        host = url.partition("@")[2].partition("?")[0]
        return JudgedLink(url=url, host=host, verdict="unusual" if any(_oddities_of_host(host)) else "ok")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        odd = not host or any(_oddities(host, parts.netloc, url, words))
    except ValueError:
        host, odd = "", True
    return JudgedLink(url=url, host=host, verdict="unusual" if odd else "ok")


def _oddities(host: str, netloc: str, url: str, words: str) -> Iterator[bool]:
    """What about it may deceive."""
    yield "@" in netloc
    yield "%" in netloc
    yield any(letter in _UNSEEN or letter in _TURNED for letter in url + words)
    yield from _oddities_of_host(host)
    named = _HOST.search(words)
    yield named is not None and not _same(named[1].lower(), host)


def _oddities_of_host(host: str) -> Iterator[bool]:
    yield _is_number(host)
    for label in host.split("."):
        yield label.startswith("xn--")
        yield not label.isascii() and (_is_mixed(label) or skeleton(label).isascii())


def _is_number(host: str) -> bool:
    """Is it an address in numbers, in any of the ways that browsers read them?"""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return re.fullmatch(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*", host) is not None
    return True


def _is_mixed(label: str) -> bool:
    """Are its letters of scripts that are not written together?"""
    scripts = {_script(letter) for letter in label if letter.isalpha()}
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def _same(named: str, host: str) -> bool:
    """Do words that name a host name this one?"""
    named, host = named.removeprefix("www."), host.lower().removeprefix("www.")
    return named == host or host.endswith(f".{named}")


def skeleton(text: str) -> str:
    """The text with each letter that looks like one of ASCII replaced by that one."""
    table = _looks()
    return "".join(table.get(letter, letter) for letter in unicodedata.normalize("NFKC", text).lower())


@cache
def _looks() -> dict[str, str]:
    lines = files(__package__).joinpath("confusables.txt").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {letter: plain for plain, letters in rows for letter in letters}
