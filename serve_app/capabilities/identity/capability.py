"""Accounts, sessions and care, for the list of capabilities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.identity.accounts import account_records, codes, lockout, roles
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.identity.care.cover_operations import CoverOperations
from serve_app.capabilities.identity.care.operations import CareOperations
from serve_app.capabilities.identity.care.relation_operations import RelationOperations
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.capabilities.identity.messages import outbox
from serve_app.capabilities.identity.people_routes import people_routes
from serve_app.capabilities.identity.personal import PersonalIdentity
from serve_app.capabilities.identity.routes import auth_routes
from serve_app.capabilities.identity.server_events import IDENTITY_EVENTS
from serve_app.capabilities.identity.sessions import revocation, session_records
from serve_app.edge.operation import Operation


def care_of(context: ServerContext) -> CareRelations:
    """The service of care relationships."""
    return CareRelations(context.region, context.stores.views, context.clock)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    care, audit = context.once(care_of), context.once(audit_of)
    yield from RelationOperations(care, audit)
    yield from CareOperations(care, audit)
    yield from CoverOperations(care, roles.Roles(context.database, context.clock), audit, context.clock)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    service = context.once(identity_of)
    yield auth_routes(service.identity, service.parts, service.people)
    yield people_routes(service.people, service.parts)


def _personal(context: ApiContext) -> PersonalIdentity:
    service = context.once(identity_of)
    seen = roles.Roles(context.database, context.clock)
    return PersonalIdentity(service.parts, service.care, seen, context.database)


def _indexes(settings: Settings) -> Mapping[str, Sequence[IndexModel]]:
    """Where mail is sent, there is no `outbox`."""
    kept = {outbox.COLLECTION: outbox.INDEXES} if not settings.email.configured else {}
    return kept | {
        account_records.COLLECTION: account_records.INDEXES,
        roles.COLLECTION: roles.INDEXES,
        session_records.COLLECTION: session_records.INDEXES,
        revocation.COLLECTION: revocation.INDEXES,
        lockout.COLLECTION: lockout.INDEXES,
        codes.CODES: codes.INDEXES,
        codes.INVITATIONS: codes.INDEXES,
    }


IDENTITY: Final = Capability(
    name="identity",
    operations=_operations,
    routers=_routers,
    events=IDENTITY_EVENTS,
    personal=_personal,
    indexes=_indexes,
)
