"""What is asked at both doors: every operation of rooms and calendars, by everybody, well and badly, once and again."""

from tests.exchanges.script import addresses, bookings, calendars, changes, rooms, series
from tests.exchanges.script.asking import Asking, Perform

ACTS = (
    calendars.calendars,
    calendars.availability,
    calendars.feeds,
    bookings.booking,
    bookings.listing,
    changes.changing,
    changes.ending,
    changes.bulk,
    series.series,
    series.waitlist,
    rooms.rooms,
    addresses.addresses,
)


async def play(perform: Perform) -> None:
    """All of it, in an order: later acts find what earlier ones have left."""
    ask = Asking(perform)
    for act in ACTS:
        await act(ask)
