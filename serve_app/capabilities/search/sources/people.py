"""People, by their names and ids: accounts here, and those of other issuers who were here lately.

Everybody sees themselves, therapists, who is in their care or cares for them, and whoever goes by their id in a room
that both are in. Moderators and administrators see everybody.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from actors.calendars.calendar.events import Configured
from actors.kernel.contract.ports import EntityClient
from actors.rooms.messages.views import MEMBERSHIPS
from actors.rooms.room.commands import Glance
from common.clock import Clock
from common.errors import NotFound, PermissionDenied
from common.lib.cache import BoundedCache
from serve_app.capabilities.identity.accounts.account_records import Account, Accounts
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.search.port import Among, Delete, Key, Keys
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.capabilities.search.sources.practice import Practice, Practices
from serve_app.follower.consumer import Turned
from store.mongo.client import Database, database_errors

PEOPLE: Final = "people"
THERAPISTS: Final = "therapists"
THERAPIST: Final = "therapist"
STAFF: Final = frozenset({"moderator", "admin"})
_IN_CARE: Final = frozenset({"active", "paused"})
_PAGE: Final = 500
_MOST_CARED_FOR: Final = 200  # a page
_MOST_MET: Final = 10_000
_MOST_REMEMBERED: Final = 50_000
_NOTHING: Final = Practice()


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """Somebody, as they are found. `name` "": only their id is known."""

    user: str
    role: str
    name: str
    since: int


class PeopleDirectory:
    """Who there is, and how they are called."""

    def __init__(self, accounts: Accounts, roles: Roles) -> None:
        self.accounts, self._roles = accounts, roles

    async def of(self, users: Iterable[str]) -> dict[str, PersonEntry]:
        """Those of these whom we know, and who can come in. Raises Unavailable."""
        wanted = sorted(set(users))
        accounts = {one.user: one for one in await self.accounts.many(wanted)}
        seen = await self._roles.seen([one for one in wanted if one not in accounts])
        strangers = {user: PersonEntry(user, role, "", 0) for user, role in seen.items()}
        return strangers | {user: await self._person(one) for user, one in accounts.items() if one.status == "active"}

    async def names(self, users: Sequence[str]) -> Mapping[str, str]:
        """How those of these are called whose name is known."""
        return {user: one.name for user, one in (await self.of(users)).items() if one.name}

    async def pages(self) -> AsyncIterator[Sequence[str]]:
        """The ids of everybody whom we know, and of the erased."""
        for read in (self.accounts.users, self._roles.users):
            after = ""
            while page := await read(after, _PAGE):
                yield page
                after = page[-1]

    async def _person(self, account: Account) -> PersonEntry:
        owner = await self.accounts.person(account)
        return PersonEntry(account.user, account.role, "" if owner is None else owner.name, account.created_at)


class NamesRemembered:
    """How people are called, looked up once, for whoever hears of everybody who changes and says so."""

    def __init__(self, names: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]) -> None:
        self._look_up = names
        self._names: dict[str, str] = {}
        self._changes = 0

    async def __call__(self, users: Sequence[str]) -> Mapping[str, str]:
        """See `PeopleDirectory.names`. Raises Unavailable."""
        known = {user: self._names[user] for user in users if user in self._names}
        if unknown := [user for user in users if user not in known]:
            before = self._changes
            found = await self._look_up(unknown)
            known |= found
            if before == self._changes:  # else what was read may be what was before
                if len(self._names) > _MOST_REMEMBERED:
                    self._names.clear()
                self._names |= {user: found.get(user, "") for user in unknown}
        return {user: name for user, name in known.items() if name}

    def forget(self, user: str) -> None:
        """They are called otherwise, maybe. "": nobody knows who is."""
        self._changes += 1
        if user:
            self._names.pop(user, None)
        else:
            self._names.clear()


class PeopleFeeder:
    """People in the index, under one type whatever their role, for that may change. No journal tells of them, so their
    version is the time at which they were looked at."""

    def __init__(self, directory: PeopleDirectory, practices: Practices, clock: Clock) -> None:
        self._directory, self._practices, self._clock = directory, practices, clock

    async def all(self) -> AsyncIterator[Sequence[Fed]]:
        """See `Standing.all`."""
        async for users in self._directory.pages():
            yield await self.of(users)

    async def of(self, users: Sequence[str]) -> Sequence[Fed]:
        """These, as they are by now. Raises Unavailable."""
        version = self._clock.now_ms()
        found = await self._directory.of(users)
        therapists = [user for user, one in found.items() if one.role == THERAPIST]
        offered = await asyncio.gather(*map(self._practices.of, therapists))
        practices = dict(zip(therapists, offered, strict=True))
        return [_fed(user, found.get(user), practices.get(user, _NOTHING), version) for user in users]


class CalendarFeeder:
    """Therapists whose calendars are set up anew: what they offer is found with them."""

    kinds = frozenset({"calendar"})

    def __init__(self, people: PeopleFeeder) -> None:
        self._people = people

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        if not any(isinstance(one.event, Configured) for one in turned.recorded):
            return ()
        return await self._people.of([turned.entity.partition(":")[2]])


def _fed(user: str, person: PersonEntry | None, practice: Practice, version: int) -> Fed:
    key = Key(PEOPLE, user)
    if person is None:
        return Delete(key, version)
    filters: Values = {
        "owner": [user],
        "audience": [person.role],
        "service": practice.services,
        "format": practice.formats,
        "language": practice.languages,
    }
    return Entry(key, version, person.since, title=f"{person.name} {user}".strip(), filters=filters)


class PeopleSource:
    """People as identity shows them."""

    types: tuple[str, ...] = (PEOPLE, THERAPISTS)

    def __init__(
        self,
        directory: PeopleDirectory,
        practices: Practices,
        care: CareReader,
        entities: EntityClient,
        database: Database,
    ) -> None:
        self._directory, self._practices, self._care, self._entities = directory, practices, care, entities
        self._memberships = database[MEMBERSHIPS]
        self._plain: BoundedCache[str, bool] = BoundedCache(_MOST_REMEMBERED)

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        if reader.by.role in STAFF:
            return [()]
        known = frozenset(Key(PEOPLE, user) for user in await self._known(reader))
        return [(Among("audience", frozenset({THERAPIST})),), (Keys(known),)]

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        people = await self._directory.of(ids)
        if reader.by.role not in STAFF:
            known = await self._known(reader)
            people = {user: one for user, one in people.items() if one.role == THERAPIST or user in known}
        opened = await asyncio.gather(*(self._shown(one, reader) for one in people.values()))
        return dict(zip(people, opened, strict=True))

    async def _shown(self, person: PersonEntry, reader: Reader) -> Opened:
        wanted = reader.practice
        if wanted is None or person.role != THERAPIST:
            return _opened(person)
        offered = await self._practices.of(person.user)
        free_at = await self._practices.next_free(person.user, offered, wanted, reader.by) if wanted.when_free else None
        return _opened(person, offered, free_at)

    async def _known(self, reader: Reader) -> frozenset[str]:
        """Whom they may see beside therapists."""
        found: frozenset[str] | None = reader.remembered.get(PEOPLE)
        if found is None:
            cared, met = await asyncio.gather(self._cared_for(reader), self._met(reader))
            found = reader.remembered[PEOPLE] = frozenset({reader.by.user}) | cared | met
        return found

    async def _cared_for(self, reader: Reader) -> set[str]:
        found: set[str] = set()
        after: str | None = None
        while page := await self._care.of(reader.by.user, after=after, limit=_MOST_CARED_FOR):
            found |= {user for one in page if one.state in _IN_CARE for user in (one.client, one.therapist)}
            after = page[-1].id
        return found

    async def _met(self, reader: Reader) -> set[str]:
        """Those with whom they are in a room in which people go by their ids."""
        rooms = sorted(await reader.rooms())
        plain = await asyncio.gather(*(self._is_plain(room, reader) for room in rooms))
        named = [room for room, is_plain in zip(rooms, plain, strict=True) if is_plain]
        query = {"f.room": {"$in": named}, "f.left": False}
        with database_errors():
            found = self._memberships.find(query, {"f.user": 1}, limit=_MOST_MET)
            return {str(one["f"]["user"]) async for one in found}

    async def _is_plain(self, room_id: str, reader: Reader) -> bool:
        """A room is anonymous for ever, or never."""
        plain = self._plain.get(room_id)
        if plain is None:
            try:
                line = await self._entities.ask(f"room:{room_id}", Glance(), by=reader.by, trace=reader.trace)
            except (NotFound, PermissionDenied):
                return False
            plain = not line.room.anonymous
            self._plain.put(room_id, plain)
        return plain


def _opened(person: PersonEntry, practice: Practice = _NOTHING, free_at: int | None = None) -> Opened:
    return Opened(
        type=THERAPISTS if person.role == THERAPIST else PEOPLE,
        id=person.user,
        title=person.name or person.user,
        text=person.user,
        values={
            "role": (person.role,),
            "service_id": practice.services,
            "format": practice.formats,
            "language": practice.languages,
        },
        free_at=free_at,
        at=person.since,
        user_id=person.user,
        link=f"/users/{person.user}",
    )
