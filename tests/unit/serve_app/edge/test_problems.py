"""Problems that are about the address, the method or the bytes that are asked for."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from common.errors import InvalidArgument
from serve_app.edge.api.problems import install, out_of_range


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install(app)

    @app.post("/things/import")
    async def take() -> None:
        raise InvalidArgument("Not so.")

    @app.get("/things/{thing_id}")
    async def one(thing_id: str) -> None:
        raise InvalidArgument("Not an id.", details={"field": "thing_id"})

    @app.get("/bytes")
    async def content(request: Request) -> Response:
        return out_of_range(request, 10)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_an_address_that_is_spelt_so_is_nobody_elses_id(http: httpx.AsyncClient) -> None:
    answer = await http.get("/things/import")
    assert (answer.status_code, answer.headers["allow"], answer.json()["status"]) == (405, "POST", 405)


@pytest.mark.parametrize(("method", "path"), [("POST", "/things/import"), ("GET", "/things/exports")])
async def test_what_is_asked_as_it_may_be_is_told_what_is_wrong(
    method: str, path: str, http: httpx.AsyncClient
) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.json()["code"], "allow" in answer.headers) == (400, "invalid_argument", False)


async def test_bytes_behind_the_end_are_a_problem_that_says_where_it_is(http: httpx.AsyncClient) -> None:
    answer = await http.get("/bytes")
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.json()["details"] == {"length": 10}
