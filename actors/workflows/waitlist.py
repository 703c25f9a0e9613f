"""What follows from events of the waitlist: whoever is offered a time finds the offer in their mailbox."""

from typing import Final

from actors.calendars.waitlist.answers import shown
from actors.calendars.waitlist.events import OfferMade
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.workflows.inbox import INBOX, event_id, tell


def tell_offer(entity_id: str, recorded: Recorded[OfferMade]) -> Owed:
    """Who waits for it: `waitlist_offer`."""
    offer = recorded.event.offer
    told = tell([offer.client], event_id(entity_id, recorded), "waitlist_offer", {"offer": shown(offer)})
    return Owed(told, first_place=1)


REACTIONS: Final[list[AnyReaction]] = [Reaction("tell_offer", "waitlist", OfferMade, tell_offer, to=(INBOX,))]
