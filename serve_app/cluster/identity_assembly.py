"""Puts identity, audit, oversight and privacy together for a process: all for the API, the guard for a gateway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from pymongo import IndexModel

from actors.calendars.services.assembly import calendar_services
from actors.kernel.caller.region import Region
from actors.rooms.service import Rooms
from common.clock import Clock
from config.settings import Settings
from serve_app.capabilities.audit import record
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.calendars.personal import PersonalCalendar
from serve_app.capabilities.identity import outbox
from serve_app.capabilities.identity.accounts import account_records, codes, lockout
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.codes import Codes, Invitations
from serve_app.capabilities.identity.accounts.lockout import Lockout
from serve_app.capabilities.identity.accounts.passwords import Passwords
from serve_app.capabilities.identity.accounts.people import People
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.care import CareRelations
from serve_app.capabilities.identity.care_routes import care_routes
from serve_app.capabilities.identity.notices import Notices
from serve_app.capabilities.identity.outbox import ActivityOutbox, MailOutbox, MongoOutbox, PrintingOutbox
from serve_app.capabilities.identity.outbox_carrying import OutboxCarrying
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.people_routes import people_routes
from serve_app.capabilities.identity.routes import auth_routes
from serve_app.capabilities.identity.service import Identity
from serve_app.capabilities.identity.sessions import revocation, session_records
from serve_app.capabilities.identity.sessions.gate import observer
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.session_records import LoginSessions
from serve_app.capabilities.identity.sessions.tickets import Tickets
from serve_app.capabilities.oversight import breakglass
from serve_app.capabilities.oversight.breakglass import BreakGlass
from serve_app.capabilities.oversight.routes import audit_routes
from serve_app.capabilities.privacy.erasure import Erasure
from serve_app.capabilities.privacy.export import Export
from serve_app.capabilities.privacy.routes import privacy_routes
from serve_app.edge.conventions import mongo_idempotency
from serve_app.edge.conventions.keys import derive
from serve_app.edge.conventions.readings import Observe
from store.mongo.client import Database, database_errors
from store.ports.stores import Stores

INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    account_records.COLLECTION: account_records.INDEXES,
    session_records.COLLECTION: session_records.INDEXES,
    revocation.COLLECTION: revocation.INDEXES,
    lockout.COLLECTION: lockout.INDEXES,
    codes.CODES: codes.INDEXES,
    codes.INVITATIONS: codes.INDEXES,
    outbox.COLLECTION: outbox.INDEXES,
    record.COLLECTION: record.INDEXES,
    breakglass.COLLECTION: breakglass.INDEXES,
    mongo_idempotency.COLLECTION: mongo_idempotency.INDEXES,
}


@dataclass(frozen=True, slots=True)
class IdentityService:
    """What the API deploys. `close` it in the end."""

    parts: Parts
    identity: Identity
    people: People
    care: CareRelations
    erasure: Erasure
    routers: tuple[APIRouter, ...]
    observer: Observe
    carrying: OutboxCarrying | None  # of what waits for a mail server; None: there is none

    async def close(self) -> None:
        """Let its threads go."""
        await self.identity.close()
        self.parts.passwords.close()


async def prepare(database: Database, settings: Settings) -> None:
    """Make the indexes. Idempotent. Where mail is sent, there is no `outbox`."""
    with database_errors():
        for collection, indexes in INDEXES.items():
            if collection != outbox.COLLECTION or settings.email.server is None:
                await database[collection].create_indexes(list(indexes))


def revocations_of(database: Database, settings: Settings, clock: Clock) -> Revocations:
    """The guard of any process."""
    memory_s = settings.identity.access_ttl_s + settings.auth.leeway_s + 60
    return Revocations(database, clock, session_memory_s=memory_s)


def assemble(
    settings: Settings, database: Database, stores: Stores, region: Region, rooms: Rooms, clock: Clock, *, root: str
) -> IdentityService:
    """Everything, from what the replica has. `root`: see `conventions.roots`."""
    secret = settings.auth.secret.get_secret_value() if settings.auth.secret is not None else None
    sealing = Sealing(stores.vault, derive(root, "index"))
    tickets = Tickets(derive(root, "tickets"))
    revocations = revocations_of(database, settings, clock)
    sending = None if settings.email.server is None else ActivityOutbox(region, clock)
    mails: MailOutbox = sending or MongoOutbox(database, sealing, clock)
    carrying = None if sending is None else OutboxCarrying(database, sealing, sending, settings.identity)
    if settings.identity.outbox == "log":
        mails = PrintingOutbox(mails)
    parts = Parts(
        accounts=Accounts(database, sealing),
        sessions=LoginSessions(database, sealing, tickets, revocations, settings.identity, clock),
        codes=Codes(database, sealing, settings.identity, clock),
        invitations=Invitations(database, sealing, settings.identity, clock),
        revocations=revocations,
        lockout=Lockout(database, settings.identity, clock),
        passwords=Passwords(settings.identity),
        tickets=tickets,
        sealing=sealing,
        outbox=mails,
        notices=Notices(region, clock),
        audit=AuditRecord(database, clock),
    )
    identity = Identity(parts, settings.identity, settings.auth, clock, secret)
    people = People(parts, clock)
    relations = CareRelations(region, stores.views, clock)
    glass = BreakGlass(database, parts.audit, parts.notices, settings.identity, clock)
    calendar = PersonalCalendar(calendar_services(region, stores.views, clock, stores.feed_tokens))
    erasure = Erasure(database, parts, relations, calendar, stores.views, clock)
    export = Export(parts, relations, rooms, region, calendar, clock)
    routers = (
        auth_routes(identity, parts, people),
        people_routes(people, parts),
        care_routes(relations, parts),
        audit_routes(parts.audit, glass, rooms),
        privacy_routes(identity, parts, export, erasure),
    )
    return IdentityService(parts, identity, people, relations, erasure, routers, observer(parts.audit), carrying)
