"""What people keep to themselves in chats, as rooms look it up when somebody becomes a member."""

from typing import Final

from actors.outgoing.events import PrivacyChosen
from store.ports.views import View

CHAT_PRIVACIES: Final = "chat_privacies"


def privacy_view(user: str, event: PrivacyChosen, version: int) -> View:
    """What this person chose."""
    return View(CHAT_PRIVACIES, user, version, {"receipts": event.receipts, "typing": event.typing})
