"""All services of calendars, built in one place: REST and sockets answer from the same."""

from dataclasses import dataclass

from actors.calendars.bulk import Bulk
from actors.calendars.feed_tokens import FeedTokens
from actors.calendars.feeds import Feeds
from actors.calendars.ports import Related
from actors.calendars.queries import BookingQueries
from actors.calendars.series_service import SeriesService
from actors.calendars.service import Bookings
from actors.calendars.waiting import Waiting
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from store.ports.feed_tokens import FeedTokens as FeedTokenStore


@dataclass(frozen=True, slots=True)
class CalendarServices:
    """One a process."""

    bookings: Bookings
    queries: BookingQueries
    series: SeriesService
    bulk: Bulk
    waiting: Waiting
    feeds: Feeds
    feed_tokens: FeedTokens
    clock: Clock


def calendar_services(
    region: EntityClient, views: ViewFinder, clock: Clock, tokens: FeedTokenStore, *, related: Related | None = None
) -> CalendarServices:
    """The services over a region, the read models, and where tokens of feeds are kept."""
    bookings = Bookings(region, views, clock, related=related)
    queries = BookingQueries(views, bookings)
    series = SeriesService(bookings, region, clock)
    waiting = Waiting(bookings, region, views, clock)
    feeds = Feeds(bookings, queries, clock)
    bulk = Bulk(bookings, queries, clock)
    return CalendarServices(bookings, queries, series, bulk, waiting, feeds, FeedTokens(tokens, clock), clock)
