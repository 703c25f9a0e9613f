"""The operations of links: for whoever has one. No token is needed: what is signed is what counts."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from common.decoding import Request
from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.links.service import LinkDone, Links, LinkState
from serve_app.edge.operation import Caller, Example, Operation, Rest

Token = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9_-]+\Z")]
_TOKEN: Final = "k3Jx0m8dQ2tq5hVZ1p7uWJWuY29uZmlybV9ib29raW5n"  # noqa: S105 # an example


class GetAction(Request, frozen=True):
    """The token of a link."""

    token: Token


class Act(Request, frozen=True):
    """The token of a link, and what was chosen (`snooze`: 1h, 4h, 1d)."""

    token: Token
    choice: Annotated[str, Meta(max_length=32)] | None = None


def link_operations(links: Links) -> Iterator[Operation[Any]]:
    """Both."""

    async def look(request: GetAction, _: Caller) -> LinkState:
        return await links.look(request.token)

    async def act(request: Act, _: Caller) -> LinkDone:
        return await links.act(request.token, request.choice or "")

    yield Operation(
        name="get_action",
        action="link.look",
        request=GetAction,
        call=look,
        rest=Rest("GET", "/api/actions/{token}", tag="links"),
        limit="read",
        response=LinkState,
        refuses=(NotFound,),
        example=Example(
            {"token": _TOKEN}, {"action": "confirm_booking", "title": "Confirm this session", "state": "open"}
        ),
        description="What a link would do. It changes nothing. No token but the link's is needed.",
        anonymous=True,
    )
    yield Operation(
        name="act",
        action="link.act",
        request=Act,
        call=act,
        rest=Rest("POST", "/api/actions/{token}", tag="links"),
        limit="write",
        response=LinkDone,
        refuses=(NotFound, FailedPrecondition),
        example=Example(
            {"token": _TOKEN},
            {"state": "done", "result": {"booking_id": "bkg_01KAFZ3NHG1JQ2V8S5T6W7X9YZ", "status": "confirmed"}},
        ),
        description="Do what a link says, once: a repeat gets how things stand, with `already`. Refused with "
        "`details.state` `expired` or `stale`. No token but the link's is needed.",
        anonymous=True,
    )
