"""The list of capabilities, walked against what has to hold for each of them."""

import subprocess
import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from actors.meetings.activities import EVIDENCE, MEDIA
from actors.recordings.activities import RECORDINGS
from common.clock import SystemClock
from common.policy import POLICY
from config.features import FeatureSettings
from config.settings import Settings
from serve_app.capabilities.capability import Capability, Section
from serve_app.capabilities.connecting import NO_CONNECTORS, connectors_of, job_kinds
from serve_app.capabilities.operations.contract import ListActivities
from serve_app.capabilities.operations.overview import LETTERS
from serve_app.capabilities.privacy.export import Export
from serve_app.catalogue import CAPABILITIES, health_of, indexes, operations_of, present, server_events
from serve_app.cluster.blueprint import api_context, unconnected_api, unconnected_handlers
from serve_app.edge.conventions.permits import actions_of, routes_of

ROOT: Final = Path(__file__).parents[3]
EVERY: Final = pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda one: one.name)
KEEPS_NOTHING: Final = {
    "prediction": "answers and forgets; its cache is in memory, by symptoms and not by person",
    "audit": "a person's own part of the record is handed out by oversight",
    "banners": "they speak of nobody",
    "broadcasts": "what is told lies with whoever is told, and the text under the key of whoever wrote it",
    "links": "what a link did is in what it acted on",
    "operations": "what is owed lies with the entity that owes it",
    "retention": "what a hold keeps is kept from the person too, and goes when it ends",
    "privacy": "it is who walks the list",
}


def settings_without(*features: str) -> Settings:
    return Settings(features=FeatureSettings(**dict.fromkeys(features, False)))


def paths_of(settings: Settings) -> set[str]:
    return {str(route.path) for route in routes_of(unconnected_api(settings))}


@cache
def all_paths() -> frozenset[str]:
    return frozenset(paths_of(Settings()))


def test_every_folder_of_a_capability_is_in_the_list_and_the_other_way_round() -> None:
    folders = {path.parent.name for path in (ROOT / "serve_app" / "capabilities").glob("*/__init__.py")}
    names = [one.name for one in CAPABILITIES]
    assert sorted(names) == sorted(folders)


@EVERY
def test_its_switch_is_a_setting_and_its_pages_name_it(capability: Capability) -> None:
    assert capability.feature in {"", *FeatureSettings.model_fields}
    assert capability.name in (ROOT / "ARCHITECTURE.md").read_text()


@EVERY
def test_whoever_stores_something_of_people_hands_it_out_and_erases_it(capability: Capability) -> None:
    assert (capability.personal is None) is (capability.name in KEEPS_NOTHING)


@EVERY
def test_a_runner_finds_its_connectors_under_the_same_switch(capability: Capability) -> None:
    found = [one for one in connectors_of(FeatureSettings()) if one is capability.connectors]
    assert bool(found) is (capability.connectors is not NO_CONNECTORS)
    assert not found or capability.connectors.feature == capability.feature


def test_a_runner_finds_no_connectors_but_those_of_the_list() -> None:
    assert all(any(one is listed.connectors for listed in CAPABILITIES) for one in connectors_of(FeatureSettings()))


def test_every_kind_of_long_work_has_one_name() -> None:
    kinds = [kind for one in connectors_of(FeatureSettings()) for kind in one.jobs]
    assert len(kinds) == len(set(kinds))
    assert "rebuild_projections" in job_kinds(FeatureSettings())


def test_every_collection_of_a_capability_is_its_own() -> None:
    settings = Settings()
    own = [name for one in CAPABILITIES for name in one.indexes(settings)]
    assert len(indexes(settings)) == len(own) + 1  # and the answers to repeats


SHOWN_OTHERWISE: Final = {
    "get_availability": "what is free is less with every minute, at the same version",
    "get_superbill": "it is made of the bill, whose version it tells, and of much else",
    "get_submission": "answers never change; what is said of them does, and its version is told",
    "preview_email_template": "what is shown hangs on the words and on the house",
}
"""Reads whose answer has a version that is not one of all that it shows."""


def test_what_is_read_by_itself_and_has_a_version_has_a_tag() -> None:
    context = api_context(Settings())
    reads = [
        one
        for capability in CAPABILITIES
        for one in operations_of(capability, context)
        if one.rest is not None and one.rest.method == "GET" and _has_version(one.response)
    ]
    assert {one.name for one in reads if not one.versioned} == SHOWN_OTHERWISE.keys()


def _has_version(response: type[msgspec.Struct] | None) -> bool:
    if response is None:
        return False
    fields = msgspec.structs.fields(response)
    return any(one.name == "version" and one.type is int for one in fields) or any(
        isinstance(one.type, type) and issubclass(one.type, msgspec.Struct) and "version" in one.type.__struct_fields__
        for one in fields
    )


def test_every_route_and_every_event_stands_under_an_action_of_the_policy() -> None:
    settings = Settings()
    handlers = unconnected_handlers(settings)
    actions = {action for route in routes_of(unconnected_api(settings)) for action in actions_of(route)}
    assert actions | {one.action for one in handlers} <= {rule.action for rule in POLICY}
    assert len({one.event for one in handlers}) == len(handlers)


@pytest.mark.parametrize("feature", sorted({one.feature for one in CAPABILITIES} - {""}))
def test_a_feature_that_is_off_has_no_route_no_event_and_is_still_asked_for_what_it_has_stored(feature: str) -> None:
    on, off = Settings(), settings_without(feature)
    theirs = [one for one in CAPABILITIES if one.feature == feature]
    assert [one for one in CAPABILITIES if one not in theirs] == present(off.features)
    assert paths_of(off) < all_paths()
    assert {one.event for one in unconnected_handlers(off)} <= {one.event for one in unconnected_handlers(on)}
    gone = {event.name for one in theirs for event in one.events}
    assert not gone & set(server_events(off.features))
    assert [part.name for part in health_of(api_context(off)) if part.name == feature] == [feature]
    assert len(api_context(off).personal()) == len(api_context(on).personal())


def test_figures_for_staff_are_a_feature_across_capabilities() -> None:
    on, off = api_context(Settings()), api_context(settings_without("analytics"))
    gone = {op.name for one in CAPABILITIES for op in operations_of(one, on)} - {
        op.name for one in CAPABILITIES for op in operations_of(one, off)
    }
    assert gone == {
        *("get_calendar_analytics", "get_waitlist_analytics", "notification_analytics", "payment_analytics"),
        "worksheet_analytics",
    }
    without = settings_without("analytics")
    assert not {one.event for one in unconnected_handlers(without)} & gone
    assert {path for path in all_paths() if path.endswith("/analytics")} == all_paths() - paths_of(without)


def test_a_switch_without_a_capability_changes_nothing() -> None:
    known = {one.feature for one in CAPABILITIES} | {"analytics"}
    off = settings_without(*(name for name in FeatureSettings.model_fields if name not in known))
    assert paths_of(off) == all_paths()


async def test_an_export_is_one_document_of_all_sections_and_rows_are_read_while_it_is_sent() -> None:
    sent: list[bytes] = []

    async def rows() -> AsyncIterator[object]:
        for n in range(3):
            assert sent, "nothing was sent before the rows were read"
            yield {"n": n}

    async def no_rows() -> AsyncIterator[object]:
        return
        yield  # so that it is a generator

    class Shelf:
        def __init__(self, *sections: Section) -> None:
            self._sections = sections

        async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
            for section in self._sections:
                yield section

        async def erase(self, user: str) -> None:
            raise AssertionError("nobody asked for it")

    shelves = [Shelf(("account", None), ("many", rows())), Shelf(), Shelf(("none", no_rows()))]
    async for piece in Export(shelves, SystemClock()).of(Principal("ada"), "t1"):
        sent.append(piece)
    document = msgspec.json.decode(b"".join(sent))
    del document["exported_at"]
    assert document == {"user_id": "ada", "account": None, "many": [{"n": 0}, {"n": 1}, {"n": 2}], "none": []}


LADEN: Final = """
import sys
from config.settings import Settings
from serve_app.cluster.spec import POOLS, CarewireSpec
import actors.kernel.cluster.remote.shards, actors.kernel.cluster.hosting, actors.presence.shard, store.stores
spec = CarewireSpec(Settings())
assert all(spec.kinds(pool) for pool in POOLS)
ballast = ("fastapi", "starlette", "socketio", "aiohttp", "torch", "stripe", "elasticsearch", "aiortc", "aiosmtplib",
           "ray.serve", "realtime", "serve_app.catalogue", "serve_app.capabilities", "serve_app.edge")
print(*sorted(name for name in sys.modules if any(name == one or name.startswith(one + ".") for one in ballast)))
"""


def test_a_shard_imports_no_operation_no_web_framework_and_no_partner_s_library() -> None:
    done = subprocess.run([sys.executable, "-c", LADEN], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


RUNNING: Final = """
import asyncio, sys
from collections import defaultdict
from config.settings import Settings
from serve_app.capabilities.connecting import RunnerContext, open_connectors
from store.memory.stores import memory_stores
import actors.kernel.cluster.remote.shards, serve_app.activities.runner, store.stores
context = RunnerContext(settings=Settings(), clock=None, region=None, stores=memory_stores(), blobs=None,
                        database=defaultdict(object), addresses=None, kinds=(), root="root", online=None)

async def opened():
    found = open_connectors(context)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # before it looks after anything: there is nothing here
    return found

print(*sorted(one.name for one in asyncio.run(opened())))
ballast = ("fastapi", "starlette", "socketio", "aiohttp", "torch", "stripe", "elasticsearch", "aiortc", "aiosmtplib",
           "ray.serve", "realtime", "serve_app.catalogue")
print(*sorted(name for name in sys.modules if any(name == one or name.startswith(one + ".") for one in ballast)))
"""


def test_every_connector_can_be_asked_for_by_its_name() -> None:
    names = [RECORDINGS, EVIDENCE, MEDIA, LETTERS, "sendgrid", "email"]
    assert [msgspec.convert({"connector": name}, ListActivities).connector for name in names] == names


def test_a_runner_imports_no_operation_and_the_library_of_no_partner_that_is_not_configured() -> None:
    done = subprocess.run([sys.executable, "-c", RUNNING], cwd=ROOT, capture_output=True, text=True, check=True)
    names, imported = done.stdout.split("\n")[:2]
    assert names.split() == [  # whose partner needs no account, or is Carewire itself
        *(
            "audience",
            "duty",
            "files",
            "jobs",
            "keeper",
            "media",
            "meeting-evidence",
            "recordings",
            "responders",
            "webpush",
        )
    ]
    assert imported == ""
