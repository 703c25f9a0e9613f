"""The operations of mail: for administrators."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.notifications.activities import Mail, MailItem
from common.clock import to_rfc3339
from common.decoding import Id, Request
from common.errors import NotFound
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.email.rendering import Templates
from serve_app.capabilities.email.suppressions import Reason, Suppression, Suppressions
from serve_app.capabilities.email.words import WORDS
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE, decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest

Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
Locale = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z0-9_-]+\Z", examples=["de"])]
_ID: Final = "5b1f0c4de9a7446fa0c9b1d28e5f3a6c7d8e9f01"
_SUPPRESSION: Final = {
    "suppression_id": _ID,
    "address": "a***@m***.org",
    "reason": "bounce",
    "provider": "sendgrid",
    "at": "2026-11-20T09:30:00.000Z",
}
_EXAMPLE_AT_MS: Final = 1_795_167_000_000


class ListSuppressions(Request, frozen=True):
    """Which page."""

    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class RemoveSuppression(Request, Repeatable, frozen=True, kw_only=True):
    """Which, and why. `request_id`: a repeat with it is the same deed."""

    suppression_id: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class PreviewTemplate(Request, frozen=True, kw_only=True):
    """Which template, in whose language."""

    template: Annotated[str, Meta(max_length=64, pattern=r"^[a-z_]+\Z", examples=["booking_confirmed"])]
    locale: Locale = "en"


class ShownSuppression(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address that is not written to: masked. `soft` lapses at `until`, the others never do by themselves."""

    suppression_id: str
    address: str
    reason: Reason
    provider: str
    at: str
    until: str | None = None


class SuppressionPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, the newest first. `next_cursor` is missing on the last one."""

    suppressions: list[ShownSuppression]
    next_cursor: str | None = None


class TemplatePreview(msgspec.Struct, frozen=True, kw_only=True):
    """A template with values of an example. `languages`: those that there are words in."""

    template: str
    version: int
    locale: str
    languages: list[str]
    subject: str
    text: str
    html: str


class Nothing(msgspec.Struct, frozen=True):
    """Done."""


class EmailOperations:
    """One a process."""

    def __init__(self, suppressions: Suppressions, templates: Templates, audit: AuditRecord) -> None:
        self._suppressions, self._templates, self._audit = suppressions, templates, audit

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="list_suppressions",
            action="email.read",
            request=ListSuppressions,
            call=self._list,
            rest=Rest("GET", "/api/email/suppressions", tag="email"),
            limit="read",
            response=SuppressionPage,
            example=Example({}, {"suppressions": [_SUPPRESSION]}),
            description="Addresses that are not written to, masked: mail to them came back, or was not wanted. For "
            "administrators.",
        )
        yield Operation(
            name="remove_suppression",
            action="email.change",
            request=RemoveSuppression,
            call=self._remove,
            rest=Rest("DELETE", "/api/email/suppressions/{suppression_id}", tag="email"),
            limit="write",
            response=Nothing,
            resource=("suppression_id",),
            refuses=(NotFound,),
            example=Example({"suppression_id": _ID, "reason": "The mailbox exists again."}, {}),
            description="Write to this address again. For administrators; in the audit record.",
        )
        yield Operation(
            name="preview_email_template",
            action="email.read",
            request=PreviewTemplate,
            call=self._preview,
            rest=Rest("GET", "/api/email/templates/{template}/preview", tag="email"),
            limit="read",
            response=TemplatePreview,
            refuses=(NotFound,),
            example=Example(
                {"template": "booking_confirmed", "locale": "de"},
                {
                    "template": "booking_confirmed",
                    "version": 1,
                    "locale": "de",
                    "languages": ["de", "en"],
                    "subject": "Ihr Termin ist bestätigt",
                    "text": "Ihr Termin ist bestätigt\n",
                    "html": "<!doctype html>",
                },
            ),
            description="What mails of this template look like, with values of an example. For administrators.",
        )

    async def _list(self, request: ListSuppressions, _: Caller) -> SuppressionPage:
        after = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        found = await self._suppressions.page(after, request.limit + 1)
        shown = [_shown(one) for one in found[: request.limit]]
        more = encode_cursor(shown[-1].suppression_id) if len(found) > request.limit else None
        return SuppressionPage(shown, more)

    async def _remove(self, request: RemoveSuppression, caller: Caller) -> Nothing:
        by, named = caller.by, request.suppression_id
        await self._audit.append(
            AuditEntry("email.change", by.user, role=by.role, resource=named, why=request.reason, request=caller.trace)
        )
        await self._suppressions.remove(named)
        return Nothing()

    async def _preview(self, request: PreviewTemplate, _: Caller) -> TemplatePreview:
        words = WORDS.get(request.template)
        if words is None:
            raise NotFound("There is no such template.")
        rendered = self._templates.render(example_of(request.template, request.locale))
        return TemplatePreview(
            template=request.template,
            version=words.version,
            locale=rendered.language,
            languages=self._templates.languages,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
        )


def example_of(template: str, locale: str) -> Mail:
    """A mail of a template, about nobody."""
    moments = ("starts_at_ms", "ends_at_ms", "expires_at_ms", "due_at_ms", "called_at_ms")
    values: dict[str, str | int] = {**dict.fromkeys(moments, _EXAMPLE_AT_MS), "amount": 12_050, "currency": "EUR"}
    return Mail(
        template,
        code="12345678" if template in ("password_reset", "invitation", "security_code") else "",
        locale=locale,
        tz="UTC",
        values=values,
        items=(MailItem(title="Carewire"),) if template == "digest" else (),
    )


def _shown(one: Suppression) -> ShownSuppression:
    return ShownSuppression(
        suppression_id=one.id,
        address=one.masked,
        reason=one.reason,
        provider=one.provider,
        at=to_rfc3339(int(one.at.timestamp() * 1000)),
        until=None if one.until is None else to_rfc3339(int(one.until.timestamp() * 1000)),
    )
