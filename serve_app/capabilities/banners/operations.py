"""Every operation of banners."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from actors.banners.commands import EndBanner, ListBanners, PutBanner
from actors.banners.kind import HOUSE
from actors.banners.records import Banner, BannerList, BannerReply, Severity
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.clock import Clock
from common.decoding import Instant, Request, Text
from common.errors import FailedPrecondition
from common.ids import new_id
from common.lines import Line
from common.timeline import parse_instant
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.banners.server_events import BANNER
from serve_app.edge.operation import Caller, Example, Operation, Repeatable, Rest

_PATH: Final = "/api/system/banners"
_TAG: Final = "system"
Role = Literal["client", "therapist", "moderator", "admin"]
BannerId = Annotated[str, Meta(pattern=r"\Abnr_[0-9A-HJKMNP-TV-Z]{26}\Z")]


class CreateBanner(Request, Repeatable, frozen=True, kw_only=True):
    """A banner. `starts_at`: now, unless it is said. `roles`: for whom; without it, for everybody."""

    title: Annotated[Line, Meta(min_length=1, max_length=200)]
    body: Annotated[Text, Meta(max_length=4000)]
    severity: Severity
    starts_at: Instant | None = None
    ends_at: Instant
    roles: Annotated[list[Role], Meta(min_length=1, max_length=4)] | None = None


class EndBannerRequest(Request, Repeatable, frozen=True, kw_only=True):
    """One banner."""

    banner_id: BannerId


class ListBannersRequest(Request, frozen=True):
    """Those that last."""


class BannerOperations:
    """One a process."""

    def __init__(self, entities: EntityClient, audit: AuditRecord, clock: Clock) -> None:
        self._entities, self._audit, self._clock = entities, audit, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="create_banner",
            action="banner.create",
            request=CreateBanner,
            call=self._create,
            rest=Rest("POST", _PATH, status=201, tag=_TAG),
            limit="write",
            response=BannerReply,
            refuses=(FailedPrecondition,),
            example=Example(
                {"title": BANNER["title"], "body": BANNER["body"], "severity": "info", "ends_at": BANNER["ends_at"]},
                {"banner": BANNER},
            ),
            description="Show something to everybody, or to some roles, while it lasts. For administrators; in the "
            "audit record.",
        )
        yield Operation(
            name="end_banner",
            action="banner.end",
            request=EndBannerRequest,
            call=self._end,
            rest=Rest("POST", f"{_PATH}/{{banner_id}}/end", tag=_TAG),
            limit="write",
            response=BannerReply,
            resource=("banner_id",),
            example=Example({"banner_id": BANNER["id"]}, {"banner": BANNER}),
            description="Show it no more. For administrators; in the audit record.",
        )
        yield Operation(
            name="list_banners",
            action="banner.read",
            request=ListBannersRequest,
            call=self._list,
            rest=Rest("GET", _PATH, tag=_TAG),
            limit="read",
            response=BannerList,
            example=Example({}, {"banners": [BANNER]}),
            description="What is shown to the caller; without a token, what is shown to everybody.",
            anonymous=True,
        )

    async def _create(self, request: CreateBanner, caller: Caller) -> BannerReply:
        now_ms = self._clock.platform_ms()
        starts = now_ms if request.starts_at is None else parse_instant(request.starts_at, "starts_at")
        banner = Banner(
            id=new_id("bnr", now_ms),
            title=request.title,
            body=request.body,
            severity=request.severity,
            starts=starts,
            ends=parse_instant(request.ends_at, "ends_at"),
            roles=tuple(dict.fromkeys(request.roles or ())),
        )
        await self._record("banner.create", banner.id, caller)
        return await self._entities.ask(HOUSE, PutBanner(banner), by=SYSTEM, trace=caller.trace)

    async def _end(self, request: EndBannerRequest, caller: Caller) -> BannerReply:
        await self._record("banner.end", request.banner_id, caller)
        return await self._entities.ask(HOUSE, EndBanner(request.banner_id), by=SYSTEM, trace=caller.trace)

    async def _list(self, _: ListBannersRequest, caller: Caller) -> BannerList:
        return await self._entities.ask(HOUSE, ListBanners(), by=caller.by, trace=caller.trace)

    async def _record(self, action: str, banner_id: str, caller: Caller) -> None:
        by = caller.by
        await self._audit.append(AuditEntry(action, by.user, role=by.role, resource=banner_id, request=caller.trace))
