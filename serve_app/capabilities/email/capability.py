"""Mail, for the list of capabilities. No switch turns it off: codes and calls for help go by mail."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from pymongo import IndexModel

from actors.kernel.contract.entity import Principal
from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, Section, ServerContext
from serve_app.capabilities.email import suppressions
from serve_app.capabilities.email.connectors import CONNECTORS
from serve_app.capabilities.email.figures import MailFigures
from serve_app.capabilities.email.operations import EmailOperations
from serve_app.capabilities.email.rendering import Templates
from serve_app.capabilities.email.suppressions import Suppression, Suppressions
from serve_app.edge.operation import Operation
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthPart


class PersonalMail:
    """What is known of a person's addresses."""

    def __init__(self, kept: Suppressions) -> None:
        self._kept = kept

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "suppressed_addresses", [_exported(one) for one in await self._kept.of(who.user)]

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._kept.forget(user)


def _exported(one: Suppression) -> dict[str, object]:
    return {"address": one.masked, "reason": one.reason, "at": one.at.isoformat()}


def mail_suppressions_of(context: ServerContext) -> Suppressions:
    """The addresses that are not written to."""
    return suppressions.suppressions_of(context.root, context.database, context.clock)


def mail_figures_of(context: ServerContext) -> MailFigures:
    """How mail is doing."""
    return MailFigures(context.database, context.clock)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    templates = Templates(context.settings.http.public_url)
    return EmailOperations(context.once(mail_suppressions_of), templates, context.once(audit_of))


def _health(context: ApiContext) -> Iterable[HealthPart]:
    if context.settings.email.configured:
        yield HealthPart("email", context.once(mail_figures_of).look, vital=False)


def _personal(context: ApiContext) -> PersonalMail:
    return PersonalMail(context.once(mail_suppressions_of))


def _indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return suppressions.INDEXES


def _webhooks(settings: Settings) -> Iterable[WebhookPartner]:
    from serve_app.capabilities.email.webhooks import partners

    return partners(settings.email)


EMAIL: Final = Capability(
    name="email",
    connectors=CONNECTORS,
    operations=_operations,
    health=_health,
    personal=_personal,
    indexes=_indexes,
    webhooks=_webhooks,
)
