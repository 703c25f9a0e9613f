"""What a device shows where it may not show what happened: words that tell nobody who looks at it anything."""

from collections.abc import Mapping
from typing import Final

_TITLE: Final = "Carewire"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "": "There is something new for you.",
        "appointments": "There is news about an appointment.",
        "messages": "You have a new message.",
        "calls": "Somebody is calling you.",
        "emergency": "Somebody needs help now.",
        "security": "There is news about your account.",
    },
    "de": {
        "": "Es gibt etwas Neues für Sie.",
        "appointments": "Es gibt Neues zu einem Termin.",
        "messages": "Sie haben eine neue Nachricht.",
        "calls": "Jemand ruft Sie an.",
        "emergency": "Jemand braucht jetzt Hilfe.",
        "security": "Es gibt Neues zu Ihrem Konto.",
    },
}
_ENGLISH: Final = "en"


def generic(category: str, locale: str) -> tuple[str, str]:
    """Title and body for a category, in the language of a locale, or in English."""
    words = _WORDS.get(locale.replace("_", "-").partition("-")[0].lower(), _WORDS[_ENGLISH])
    return _TITLE, words.get(category, words[""])
