"""A person's data in one piece, for the list of capabilities: whatever any of them has stored, handed out or erased."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from serve_app.capabilities.capability import ApiContext, Capability
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.privacy.erasure import Erasure
from serve_app.capabilities.privacy.export import Export
from serve_app.capabilities.privacy.routes import privacy_routes
from serve_app.capabilities.retention.capability import holds_of


def erasure_of(context: ApiContext) -> Erasure:
    """The one that erases, over all capabilities, those that are off too."""
    holds = context.once(holds_of)
    return Erasure(
        database=context.database,
        parts=context.once(identity_of).parts,
        personal=context.personal(),
        holds=holds,
        clock=context.clock,
    )


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    service = context.once(identity_of)
    export = Export(context.personal(), context.clock)
    yield privacy_routes(service.identity, service.parts, export, context.once(erasure_of))


PRIVACY: Final = Capability(name="privacy", routers=_routers)
