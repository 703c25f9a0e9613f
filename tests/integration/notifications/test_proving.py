"""An app that registers a token shows that it holds it: through the door, a runner, the connector of Firebase and its
wire, and back through the other door. Nothing personal goes there before."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from config.capabilities.notifications import NotificationSettings
from config.capabilities.push import PushSettings
from tests.activity_rig import a_runner
from tests.fakes.fcm import Firebase
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRETS = ("Closed on Friday", "Back on Monday.")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firebase() -> AsyncIterator[Firebase]:
    made = Firebase()
    await made.server.start()
    try:
        yield made
    finally:
        await made.server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(mongo_port: int, tmp_path_factory: pytest.TempPathFactory, firebase: Firebase) -> AsyncIterator[House]:
    place: Path = tmp_path_factory.mktemp("proving")
    push = PushSettings(
        fcm_credentials=firebase.account(place / "account.json"), fcm_url=firebase.url, prove_tokens=True
    )
    quick = NotificationSettings(push_wait_s=0.0, online_wait_s=0.0)
    name = f"test_{uuid.uuid4().hex}"
    async with house(url_of(mongo_port), name, place, notifications=quick, push=push) as made, a_runner(made):
        await made.gateway()
        yield made


async def register(home: House, user: str) -> Any:
    body = {"token": f"token-of-{user}", "platform": "android"}
    return (await home.ok("POST", "/api/mobile/push-token", body, bearer=token(user)))["device"]


async def handed(firebase: Firebase, user: str, count: int) -> list[Any]:
    """What Firebase has for this app, once it is so much."""

    def found() -> list[Any]:
        return [one for one in firebase.taken if one["token"] == f"token-of-{user}"]

    async def so() -> bool:
        return len(found()) >= count

    await eventually(so, "Firebase was handed less")
    return found()


async def tell(home: House, user: str) -> None:
    body = {"user_id": user, "title": SECRETS[0], "body": SECRETS[1], "channels": ["in_app", "push"]}
    await home.ok("POST", "/api/notifications", body, bearer=home.admin())


async def state(home: House, user: str) -> str:
    (device,) = (await home.ok("GET", "/api/push/devices", bearer=token(user)))["devices"]
    return str(device["state"])


async def test_an_app_repeats_what_it_is_pushed_and_hears_everything_from_then_on(
    home: House, firebase: Firebase
) -> None:
    ann = f"ann-{uuid.uuid4().hex}"
    device = await register(home, ann)
    assert device["state"] == "unproven"
    (asked,) = await handed(firebase, ann, 1)
    assert asked["data"]["k"] == "prove"
    assert "notification" not in asked["android"]  # the app alone sees it
    await home.ok("PUT", "/api/notifications/preferences", {"preview": "full"}, bearer=token(ann))
    await tell(home, ann)
    before = (await handed(firebase, ann, 2))[1]
    assert not any(word in json.dumps(before) for word in SECRETS)
    path, proof = "/api/mobile/push-token/prove", {"device_id": device["device_id"], "proof": asked["data"]["p"]}
    await home.refused(400, "invalid_argument", "POST", path, proof | {"proof": "another"}, bearer=token(ann))
    await home.refused(404, "not_found", "POST", path, proof, bearer=token("somebody-else"))
    phone = await home.socket(token(ann))
    assert (await phone.ok("prove_push_token", proof))["device"]["state"] == "active"
    await phone.close()
    await tell(home, ann)
    after = (await handed(firebase, ann, 3))[2]
    assert [after["android"]["notification"][name] for name in ("title", "body")] == list(SECRETS)
    assert "p" not in after["data"]
    assert (await register(home, ann))["state"] == "active"  # the same token was proven


async def test_a_token_of_nobody_is_told_nothing(home: House, firebase: Firebase) -> None:
    bob = f"bob-{uuid.uuid4().hex}"
    firebase.mishaps.append("UNREGISTERED")
    await register(home, bob)

    async def gone() -> bool:
        return await state(home, bob) == "gone"

    await eventually(gone, "the device is not gone")
    await tell(home, bob)
    (plan,) = [
        (await home.ok("GET", f"/api/notifications/{one['id']}/deliveries", bearer=token(bob)))["why"]["push"]
        for one in (await home.ok("GET", "/api/notifications", bearer=token(bob)))["notifications"]
    ]
    assert (plan["verdict"], plan["steps"][-1]["rule"]) == ("skipped", "no_device")
    assert not [one for one in firebase.taken if one["token"] == f"token-of-{bob}"]
