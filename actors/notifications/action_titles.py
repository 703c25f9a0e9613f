"""What each action link does, in the languages of its readers: on the buttons of mails, and on the page behind them."""

from collections.abc import Mapping
from typing import Final

from common.auth.links import Action

_ENGLISH: Final = "en"
_TITLES: Final[Mapping[str, Mapping[Action, str]]] = {
    "en": {
        "confirm_booking": "Confirm this session",
        "cancel_booking": "Cancel this session",
        "accept_offer": "Take this time",
        "decline_offer": "Let this time go",
        "complete_booking": "The session took place",
        "mark_no_show": "The client did not come",
        "snooze": "Remind me later",
        "mark_read": "Mark as read",
        "unsubscribe": "No more mails of this kind",
    },
    "de": {
        "confirm_booking": "Diesen Termin bestätigen",
        "cancel_booking": "Diesen Termin absagen",
        "accept_offer": "Diesen Termin nehmen",
        "decline_offer": "Diesen Termin freigeben",
        "complete_booking": "Der Termin hat stattgefunden",
        "mark_no_show": "Die Klientin oder der Klient ist nicht gekommen",
        "snooze": "Später erinnern",
        "mark_read": "Als gelesen markieren",
        "unsubscribe": "Keine E-Mails dieser Art mehr",
    },
}


def language_of(accepted: str) -> str:
    """The first language of an `Accept-Language`, or a locale, that there are words in; else English."""
    for part in accepted.split(","):
        language = part.partition(";")[0].strip().partition("-")[0].partition("_")[0].lower()
        if language in _TITLES:
            return language
    return _ENGLISH


def title_of(action: Action, locale: str) -> str:
    """What a link does, in words."""
    return _TITLES[language_of(locale)][action]
