"""Conversations, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.conversations.operations import ConversationOperations
from serve_app.capabilities.conversations.personal import PersonalConversations
from serve_app.capabilities.conversations.policies import ShippedPolicies
from serve_app.capabilities.conversations.server_events import CONVERSATION_EVENTS
from serve_app.capabilities.conversations.service import Conversations, ConversationTerms
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.rooms.capability import rooms_of
from serve_app.edge.operation import Operation


def conversations_of(context: ServerContext) -> Conversations:
    """The service of conversations."""
    settings = context.settings
    consent = settings.chat.client_to_client == "consent" and settings.features.moderation
    return Conversations(
        region=context.region,
        clock=context.clock,
        cares=CareReader(context.stores.views),
        roles=Roles(context.database, context.clock),
        names=context.names,
        reach=context.reach,
        policies=ShippedPolicies(),
        terms=ConversationTerms(
            allowed=consent,
            max_open_requests=settings.chat.max_open_requests,
            encrypted=frozenset(settings.e2ee.relations),
        ),
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    care = CareReader(context.stores.views)
    return ConversationOperations(context.once(conversations_of), context.once(rooms_of), care)


def _personal(context: ApiContext) -> PersonalConversations:
    return PersonalConversations(context.once(rooms_of))


CONVERSATIONS: Final = Capability(
    name="conversations",
    operations=_operations,
    events=CONVERSATION_EVENTS,
    personal=_personal,
)
