"""All services of calendars, built in one place: REST and sockets answer from the same."""

from dataclasses import dataclass

from actors.calendars.contract.ports import Related
from actors.calendars.services.booking_queries import BookingQueries
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.bulk import BulkBookings
from actors.calendars.services.calendars import Calendars
from actors.calendars.services.feeds.feed_tokens import FeedTokens
from actors.calendars.services.feeds.feeds import Feeds
from actors.calendars.services.series import SeriesService
from actors.calendars.services.waitlist import WaitlistService
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from common.money import Quotes
from common.reach import Reach
from store.ports.feed_tokens import FeedTokenStore as FeedTokenStore


@dataclass(frozen=True, slots=True)
class CalendarServices:
    """One a process."""

    calendars: Calendars
    bookings: Bookings
    queries: BookingQueries
    series: SeriesService
    bulk: BulkBookings
    waiting: WaitlistService
    feeds: Feeds
    feed_tokens: FeedTokens
    clock: Clock


def calendar_services(
    region: EntityClient,
    views: ViewFinder,
    clock: Clock,
    tokens: FeedTokenStore,
    *,
    related: Related | None = None,
    reach: Reach | None = None,
    quotes: Quotes | None = None,
) -> CalendarServices:
    """The services over a region, the read models, and where tokens of feeds are kept."""
    bookings = Bookings(region, views, clock, related=related, reach=reach, quotes=quotes)
    calendars = Calendars(region)
    queries = BookingQueries(views, calendars)
    series = SeriesService(bookings, region, clock)
    waiting = WaitlistService(bookings=bookings, calendars=calendars, region=region, views=views, clock=clock)
    feeds = Feeds(calendars, queries, clock)
    bulk = BulkBookings(bookings, queries, clock)
    return CalendarServices(
        calendars=calendars,
        bookings=bookings,
        queries=queries,
        series=series,
        bulk=bulk,
        waiting=waiting,
        feeds=feeds,
        feed_tokens=FeedTokens(tokens, clock),
        clock=clock,
    )
