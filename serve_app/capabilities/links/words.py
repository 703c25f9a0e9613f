"""What the pages of links say, in the languages of their readers."""

from collections.abc import Mapping
from typing import Final

from actors.notifications.action_titles import language_of

_PAGE: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "open": "Nothing has happened yet. It happens when you press the button.",
        "done": "It is done.",
        "expired": "This link has expired. Please do it in Carewire.",
        "stale": "Things have changed since this link was made. Please look in Carewire.",
        "none": "There is no such link.",
        "later": "That did not work just now. Please try again in a moment.",
    },
    "de": {
        "open": "Noch ist nichts geschehen. Es geschieht, wenn Sie auf den Knopf drücken.",
        "done": "Erledigt.",
        "expired": "Dieser Link ist abgelaufen. Bitte tun Sie es in Carewire.",
        "stale": "Seit dieser Link gemacht wurde, hat sich etwas geändert. Bitte sehen Sie in Carewire nach.",
        "none": "Diesen Link gibt es nicht.",
        "later": "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    },
}


def page_words(state: str, locale: str) -> str:
    """What a page says of this state."""
    return _PAGE[language_of(locale)][state]
