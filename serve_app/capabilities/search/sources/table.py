"""All types: as they are read for the index, and as they are opened for those who search."""

from collections.abc import Mapping, Sequence
from typing import Final

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import AnyKind
from actors.kernel.contract.ports import EntityClient
from actors.kernel.history.library import StoredLibrary
from common.auth.keys import derive
from common.clock import Clock
from config.features import FeatureSettings
from serve_app.capabilities.files.sight import FileSight
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.search.erased import ErasedPeople
from serve_app.capabilities.search.sources import appointments, conversations, files, messages, people, worksheets
from serve_app.capabilities.search.sources.entry import Feeder, Source, UnjournaledSource
from serve_app.capabilities.search.sources.permits import RoomPermits
from serve_app.capabilities.search.sources.practice import Practices
from store.mongo.client import Database
from store.ports.stores import Stores

TYPES: Final = (
    people.PEOPLE,
    people.THERAPISTS,
    appointments.TYPE,
    messages.TYPE,
    worksheets.TYPE,
    files.TYPE,
    conversations.TYPE,
)
"""As the contract names them."""
_FEATURES: Final = {worksheets.TYPE: "worksheets", files.TYPE: "files"}


def types_of(features: FeatureSettings) -> tuple[str, ...]:
    """Those whose feature is on."""
    return tuple(one for one in TYPES if _FEATURES.get(one) not in features.off)


def directory_of(database: Database, stores: Stores, clock: Clock, root: str) -> people.PeopleDirectory:
    """Who there is."""
    accounts = Accounts(database, Sealing(stores.vault, derive(root, "index")))
    return people.PeopleDirectory(accounts, Roles(database, clock))


def people_feeder(directory: people.PeopleDirectory, entities: EntityClient, clock: Clock) -> people.PeopleFeeder:
    """Whoever reads who there is."""
    return people.PeopleFeeder(directory, Practices(entities, clock), clock)


def feeders_of(
    kinds: Sequence[AnyKind],
    stores: Stores,
    entities: EntityClient,
    names: appointments.NamesOf,
    everybody: people.PeopleFeeder,
) -> Sequence[Feeder]:
    """Whoever reads what the journal says. `names`: how people are called."""
    rooms = next(kind for kind in kinds if kind.name == "room")
    return [
        conversations.RoomFeeder(),
        messages.MessageFeeder(StoredLibrary(rooms, stores)),
        appointments.BookingFeeder(names),
        files.FileFeeder(entities),
        worksheets.WorksheetFeeder(entities),
        people.CalendarFeeder(everybody),
    ]


def standing_of(entities: EntityClient, everybody: people.PeopleFeeder) -> Sequence[UnjournaledSource]:
    """What no journal tells of."""
    return [everybody, worksheets.WorksheetFeeder(entities)]


def sources_of(
    region: Region,
    database: Database,
    stores: Stores,
    clock: Clock,
    directory: people.PeopleDirectory,
    rooms: AnyKind,
) -> Mapping[str, Source]:
    """Whoever opens hits, by type. `rooms`: the kind of them, which says how their events are written."""
    listed: list[Source] = [
        people.PeopleSource(
            directory=directory,
            practices=Practices(region, clock),
            care=CareReader(stores.views),
            entities=region,
            database=database,
        ),
        appointments.AppointmentSource(stores.views, directory.names),
        messages.MessageSource(
            RoomPermits(region, stores.views),
            StoredLibrary(rooms, stores),
            views=stores.views,
            in_doubt=ErasedPeople(database, stores.vault).any,
        ),
        worksheets.WorksheetSource(region, stores.views),
        files.FileSource(FileSight(region, clock), region),
        conversations.RoomSource(region),
    ]
    return {type_: one for one in listed for type_ in one.types}
