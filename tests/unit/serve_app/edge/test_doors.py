"""One declaration at both doors: what is taken, in which order it is refused, and what is told."""

import json
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from msgspec import Meta

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from common.auth.tokens import Verified
from common.clock import SystemClock
from common.decoding import Id
from common.errors import Conflict, Unauthenticated
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.delivery.packets import Incoming
from realtime.delivery.requests import Hello
from realtime.delivery.socket_writer import SocketWriter
from realtime.delivery.subscriptions import GatewayTopics
from realtime.front.acks import Events
from serve_app.edge import decoding
from serve_app.edge.api import problems
from serve_app.edge.conventions.callers import Callers
from serve_app.edge.conventions.permits import check_permits
from serve_app.edge.operation import Caller, Operation, Rest, Result, Versioned
from serve_app.edge.rest import router_of
from serve_app.edge.sockets import handlers_of
from tests.unit.realtime.test_fanout import Socket

PATH = "/api/things/{thing_id}/move"
ANN = Principal("ann", "therapist")


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another place for a thing."""

    thing_id: Id
    shelf: Annotated[int, Meta(ge=1, le=9)]
    gently: bool = False
    until: str | None = msgspec.field(name="to", default=None)
    labels: list[str] = []
    request_id: str | None = None


class Moved(msgspec.Struct, frozen=True):
    """Where it is now."""

    shelf: int


class Shop:
    """Both doors of one operation."""

    def __init__(self, rest: Rest | None, *, action: str = "calendar.manage", request: Any = Move, **more: Any) -> None:
        self.asked: list[tuple[Any, Caller]] = []
        self.answer: Any = Moved(3)
        operation = Operation(
            name="move_thing",
            action=action,
            request=request,
            call=self._call,
            rest=rest,
            limit="write",
            response=Moved,
            **more,
        )
        self.app = FastAPI()
        problems.install(self.app)
        self.app.include_router(router_of([operation]))
        check_permits(self.app)
        self.app.add_middleware(Callers, verify=self._verify)
        joining: Joining = Joining(GatewayTopics(lambda _: None, max_topics=1))
        self.events = Events(handlers_of([operation], joining), max_bytes=1000, clock=SystemClock())

    async def _call(self, request: Move, caller: Caller) -> Any:
        self.asked.append((request, caller))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def _verify(self, token: object) -> Verified:
        if token not in ("client", "therapist"):
            raise Unauthenticated("Nobody.")
        return Verified("ann", str(token), "", 2**53, "")

    async def rest(self, method: str, path: str, bearer: str = "therapist", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}"} | more.pop("headers", {})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://shop") as http:
            return await http.request(method, path, headers=headers, **more)

    async def emit(self, payload: Any) -> Any:
        connection = Connection("sid", SocketWriter(Socket()), Hello(), Verified("ann", "therapist", "", 2**53, ""))
        incoming = Incoming("move_thing", (msgspec.Raw(json.dumps(payload).encode()),))
        return json.loads((await self.events.acknowledged(connection, incoming)).body())


@pytest.mark.parametrize(
    ("query", "more"),
    [("", {"json": {"shelf": 3}}), ("?shelf=3", {}), ("?shelf=3", {"json": {}}), ("?shelf=8", {"json": {"shelf": 3}})],
    ids=["body", "query", "query and nothing", "both"],
)
async def test_members_of_a_delete_come_in_the_body_or_else_in_the_query(query: str, more: Any) -> None:
    shop = Shop(Rest("DELETE", PATH))
    assert (await shop.rest("DELETE", f"/api/things/t1/move{query}", **more)).status_code == 200
    assert shop.asked[0][0] == Move(thing_id="t1", shelf=3)


@pytest.mark.parametrize("body", [{"shelf": 3, "colour": "red"}, {"shelf": 10}, {"shelf": 3, "thing_id": "t2"}])
async def test_a_body_of_a_delete_is_read_as_any_other(body: Any) -> None:
    shop = Shop(Rest("DELETE", PATH))
    assert (await shop.rest("DELETE", "/api/things/t1/move", json=body)).status_code == 400
    assert shop.asked == []


async def test_both_doors_hand_on_the_same_request() -> None:
    shop = Shop(Rest("POST", PATH))
    body = {"shelf": 3, "to": "noon", "labels": ["a"], "gently": True}
    answer = await shop.rest("POST", "/api/things/t1/move", json=body)
    ack = await shop.emit(body | {"thing_id": "t1"})
    assert (answer.status_code, answer.json(), ack) == (200, {"shelf": 3}, {"ok": True, "data": {"shelf": 3}})
    (by_rest, one), (by_socket, other) = shop.asked
    assert by_rest == by_socket == Move(thing_id="t1", shelf=3, until="noon", labels=["a"], gently=True)
    assert one.by == other.by == ANN


async def test_an_address_is_read_as_text_and_a_member_that_nobody_knows_is_ignored_there() -> None:
    shop = Shop(Rest("GET", "/api/things/{thing_id}"))
    query = "shelf=3.0&gently=yes&to=noon&labels=a,b&colour=red&thing_id=t2&%FF=%FE&shade=%FF"
    answer = await shop.rest("GET", f"/api/things/t1?{query}")
    assert answer.status_code == 200
    assert shop.asked[0][0] == Move(thing_id="t1", shelf=3, until="noon", gently=True, labels=["a", "b"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "shelf"),
        ("shelf=x", "shelf"),
        ("shelf=0", "shelf"),
        ("shelf=", "shelf"),
        ("shelf=3&gently=perhaps", "gently"),
        ("gently=perhaps", "shelf"),  # the first member in the order of the type
    ],
)
async def test_the_first_member_of_a_query_that_is_wrong_is_named(query: str, field: str) -> None:
    shop = Shop(Rest("GET", "/api/things/{thing_id}"))
    answer = await shop.rest("GET", f"/api/things/t1?{query}")
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": field})
    wrong = await shop.rest("GET", f"/api/things/a%0a?{query}")
    assert wrong.json()["details"] == {"field": "thing_id"}
    assert shop.asked == []


MALFORMED = [
    ("to=%ED%A0%80", "to"),  # half a surrogate pair
    ("to=a%FFb", "to"),
    ("to=%C0%AF", "to"),  # a sign written longer than it is
    ("to=%C3", "to"),
    ("t%6F=%FF", "to"),
]


@pytest.mark.parametrize(("query", "field"), MALFORMED)
async def test_a_query_that_is_no_text_is_refused_and_not_mended(query: str, field: str) -> None:
    shop = Shop(Rest("GET", "/api/things/{thing_id}"))
    answer = await shop.rest("GET", f"/api/things/t1?shelf=3&{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
    assert answer.json()["details"] == {"field": field}
    assert shop.asked == []
    assert (await shop.rest("GET", "/api/things/t1?shelf=3&to=%F0%9F%98%80%C3%A9")).status_code == 200
    assert shop.asked[0][0].until == "\U0001f600\u00e9"


async def test_without_a_look_at_the_query_something_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_check", lambda *_: None)
    shop = Shop(Rest("GET", "/api/things/{thing_id}"))
    await shop.rest("GET", "/api/things/t1?shelf=3&to=a%FFb")
    assert shop.asked[0][0].until == "a\ufffdb"


@pytest.mark.parametrize("half", ["\ud800", "a\udfff", "\udc00\ud800", "\ud83d\ud83d\ude00", "\ud800" + "x" * 20])
async def test_half_a_surrogate_pair_is_refused_at_both_doors_in_words_that_say_what_to_do(half: str) -> None:
    shop = Shop(Rest("POST", PATH))
    sent = {"thing_id": "t1", "shelf": 3, "labels": ["\\ud83d", half]}
    ack = (await shop.emit(sent))["error"]
    body = json.dumps({name: value for name, value in sent.items() if name != "thing_id"})
    answer = await shop.rest("POST", "/api/things/t1/move", content=body)
    assert (ack["code"], answer.json()["code"]) == ("invalid_argument", "invalid_argument")
    assert "surrogate" in ack["message"]
    assert answer.json()["detail"] == ack["message"]
    assert shop.asked == []
    told = await shop.rest("POST", "/api/things/t1/move", content=b'{"shelf":3,"to":"\xed\xa0\x80"}')
    assert "UTF-8" in told.json()["detail"]
    whole = {"thing_id": "t1", "shelf": 3, "labels": ["\\ud83d", "\U0001f600"]}
    assert (await shop.emit(whole))["ok"]


async def test_what_the_address_names_is_unknown_in_the_body() -> None:
    shop = Shop(Rest("POST", PATH))
    answer = await shop.rest("POST", "/api/things/t1/move", json={"shelf": 3, "thing_id": "t2"})
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": "thing_id"})
    assert shop.asked == []


async def test_nobody_is_told_before_the_role_and_the_role_before_what_was_sent() -> None:
    shop = Shop(Rest("POST", PATH))
    codes = [
        (await shop.rest("POST", path, bearer, content=b"{")).status_code
        for bearer in ("", "client", "therapist")
        for path in ("/api/things/t1/move", "/api/things/a%20b/move")
    ]
    assert codes == [401, 401, 403, 403, 400, 400]


async def test_a_body_that_is_not_looked_at_may_be_anything() -> None:
    shop = Shop(Rest("POST", "/api/things/{thing_id}/{shelf}", bodiless=True))
    answer = await shop.rest("POST", "/api/things/t1/4", content=b"{")
    assert (answer.status_code, shop.asked[0][0].shelf) == (200, 4)


async def test_a_repeat_is_known_by_the_header_of_a_post_or_else_by_the_payload() -> None:
    for method, header, named, key in (
        ("POST", "k", None, "/api/things/t1/move\nann\nk"),
        ("POST", "k", "r", "/api/things/t1/move\nann\nk"),
        ("POST", "", "r", "r"),
        ("POST", "", None, ""),
        ("PATCH", "k", "r", "r"),
    ):
        shop = Shop(Rest(method, PATH))  # type: ignore[arg-type] # of the list above
        headers = {"idempotency-key": header} if header else {}
        body = {"shelf": 3, "request_id": named}
        await shop.rest(method, "/api/things/t1/move", json=body, headers=headers)
        await shop.emit(body | {"thing_id": "t1"})
        assert [caller.idempotency_key for _, caller in shop.asked] == [key, named or ""]


async def test_a_conflict_tells_rest_what_the_operation_names_of_its_details() -> None:
    shop = Shop(Rest("POST", PATH), error_details=("reasons",))
    shop.answer = Conflict("Taken.", details={"reasons": ["x"], "status": 200})
    answer = await shop.rest("POST", "/api/things/t1/move", json={"shelf": 3})
    told = answer.json()
    assert (answer.status_code, told["status"], told["reasons"]) == (409, 409, ["x"])
    assert told["details"] == {"reasons": ["x"], "status": 200}
    ack = await shop.emit({"thing_id": "t1", "shelf": 3})
    assert ack["error"]["details"] == {"reasons": ["x"], "status": 200}


async def test_an_answer_may_say_its_status_and_its_version() -> None:
    shop = Shop(Rest("POST", PATH, 201))
    shop.answer = Result({"shelf": 3}, status=200, version=7)
    answer = await shop.rest("POST", "/api/things/t1/move", json={"shelf": 3})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"7"')
    shop.answer = Reply(b'{"shelf":4}', 7, False)
    answer = await shop.rest("POST", "/api/things/t1/move", json={"shelf": 3})
    assert (answer.status_code, answer.json(), "etag" in answer.headers) == (201, {"shelf": 4}, False)


@pytest.mark.parametrize(
    ("given", "versions"),
    [
        (None, msgspec.UNSET),
        ("*", msgspec.UNSET),
        ('"7"', (7,)),
        ('"7", "8"', (7, 8)),
        ('W/"7"', (-1,)),
        ("7", (-1,)),
        ("", (-1,)),
        ('"x", "7"', (7,)),
    ],
)
async def test_which_versions_a_change_is_meant_for(given: str | None, versions: Any) -> None:
    shop = Shop(Rest("POST", PATH))
    headers = {} if given is None else {"if-match": given}
    await shop.rest("POST", "/api/things/t1/move", json={"shelf": 3}, headers=headers)
    assert shop.asked[0][1].versions == versions


class Repainted(Versioned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another colour for a thing."""

    thing_id: Id


async def test_a_payload_may_say_which_version_it_is_meant_for_and_the_header_comes_first() -> None:
    shop = Shop(Rest("POST", PATH), request=Repainted)
    for version, versions in ((7, (7,)), (None, msgspec.UNSET)):
        await shop.rest("POST", "/api/things/t1/move", json={"version": version})
        await shop.emit({"thing_id": "t1", "version": version})
        assert [caller.versions for _, caller in shop.asked[-2:]] == [versions, versions]
    await shop.rest("POST", "/api/things/t1/move", json={"version": 7}, headers={"if-match": '"8"'})
    assert shop.asked[-1][1].versions == (8,)


def test_a_path_with_a_member_that_the_request_does_not_have_does_not_start() -> None:
    with pytest.raises(LookupError, match="'move_thing': its request has no members \\['room'\\]"):
        Shop(Rest("POST", "/api/things/{room}"))


def test_an_operation_without_an_action_of_the_policy_does_not_start() -> None:
    with pytest.raises(ValueError, match=r"no such action: thing\.move"):
        Shop(Rest("POST", PATH), action="thing.move")
    with pytest.raises(LookupError, match=r"the policy has no action 'thing\.move'"):
        Shop(None, action="thing.move")
