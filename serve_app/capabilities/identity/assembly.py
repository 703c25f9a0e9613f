"""Puts identity together for a process: all of it for the API, the guard for a gateway."""

from dataclasses import dataclass

from common.auth.keys import derive
from common.clock import Clock
from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.codes import Codes, Invitations
from serve_app.capabilities.identity.accounts.lockout import Lockout
from serve_app.capabilities.identity.accounts.passwords import Passwords
from serve_app.capabilities.identity.accounts.people import People
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.capabilities.identity.messages.notices import Notices
from serve_app.capabilities.identity.messages.outbox import ActivityOutbox, MailOutbox, MongoOutbox, PrintingOutbox
from serve_app.capabilities.identity.messages.outbox_carrying import OutboxCarrying
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.service import Identity
from serve_app.capabilities.identity.sessions.gate import observer
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.session_records import LoginSessions
from serve_app.capabilities.identity.sessions.tickets import Tickets
from serve_app.edge.conventions.readings import Observe
from store.mongo.client import Database


@dataclass(frozen=True, slots=True)
class IdentityService:
    """What the API deploys. `observer` keeps the record of what staff reads. `close` it in the end."""

    parts: Parts
    identity: Identity
    people: People
    care: CareRelations
    observer: Observe
    carrying: OutboxCarrying | None  # of what waits for a mail server; None: there is none

    async def close(self) -> None:
        """Let its threads go."""
        await self.identity.close()
        self.parts.passwords.close()


def revocations_of(database: Database, settings: Settings, clock: Clock) -> Revocations:
    """The guard of any process."""
    memory_s = settings.identity.access_ttl_s + settings.auth.leeway_s + 60
    return Revocations(database, clock, session_memory_s=memory_s)


def identity_of(context: ApiContext) -> IdentityService:
    """Everything, from what the replica has."""
    settings, database, clock = context.settings, context.database, context.clock
    secret = settings.auth.secret.get_secret_value() if settings.auth.secret is not None else None
    sealing = Sealing(context.stores.vault, derive(context.root, "index"))
    tickets = Tickets(derive(context.root, "tickets"))
    revocations = revocations_of(database, settings, clock)
    sending = ActivityOutbox(context.region, clock) if settings.email.configured else None
    mails: MailOutbox = sending or MongoOutbox(database, sealing, clock)
    carrying = (
        None
        if sending is None
        else OutboxCarrying(database=database, sealing=sealing, outbox=sending, settings=settings.identity, clock=clock)
    )
    if settings.identity.outbox == "log":
        mails = PrintingOutbox(mails)
    parts = Parts(
        accounts=Accounts(database, sealing),
        sessions=LoginSessions(
            database=database,
            sealing=sealing,
            tickets=tickets,
            revocations=revocations,
            settings=settings.identity,
            clock=clock,
        ),
        codes=Codes(database, sealing, settings.identity, clock),
        invitations=Invitations(database, sealing, settings.identity, clock),
        revocations=revocations,
        lockout=Lockout(database, settings.identity, clock),
        passwords=Passwords(settings.identity),
        tickets=tickets,
        sealing=sealing,
        outbox=mails,
        notices=Notices(context.region, clock),
        audit=context.once(audit_of),
    )
    return IdentityService(
        parts=parts,
        identity=Identity(parts=parts, settings=settings.identity, auth=settings.auth, clock=clock, secret=secret),
        people=People(parts, clock),
        care=CareRelations(context.region, context.stores.views, clock),
        observer=observer(parts.audit),
        carrying=carrying,
    )
