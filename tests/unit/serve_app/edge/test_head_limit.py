"""The bounds of a request's head behind Serve's proxies, which have none."""

import httpx
import pytest
from prometheus_client import CollectorRegistry

from serve_app.capabilities.rooms.operations import reading_operations
from serve_app.cluster.application import ApiServices, create_api
from serve_app.edge.rest import router_of
from serve_app.processes.health import HealthMonitor
from serve_app.processes.monitor import ProcessMonitor
from tests.unit.serve_app.edge.test_api import FewRooms, NoRegistry, OneShard, World


def client(*, listens: bool) -> httpx.AsyncClient:
    services = ApiServices(
        verify=World().verify,
        census=ProcessMonitor(NoRegistry(), OneShard()),
        health=HealthMonitor([]),
        registry=CollectorRegistry(),
        routers=[router_of(reading_operations(FewRooms()))],
    )
    transport = httpx.ASGITransport(create_api(services, listens=listens))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


LARGE = {"X-A": "a" * 40_000}
MANY = {f"X-{n}": "a" for n in range(150)}


@pytest.mark.parametrize(
    ("path", "headers", "status"), [("/livez", LARGE, 431), ("/livez", MANY, 431), ("/" + "a" * 9000, {}, 414)]
)
async def test_too_large_a_head_gets_no_further(path: str, headers: dict[str, str], status: int) -> None:
    behind = client(listens=False)
    answer = await behind.get(path, headers=headers)
    assert answer.status_code == status
    assert (answer.json()["code"], answer.json()["status"]) == ("payload_too_large", status)
    assert (await behind.get("/livez", headers={"X-A": "a" * 20_000})).status_code == 200
    assert (await client(listens=True).get(path, headers=headers)).status_code in (200, 404)  # the port has seen to it
