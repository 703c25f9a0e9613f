"""Banners: each begins and ends once, by its timers or by somebody's word."""

from typing import Any

import pytest
from msgspec.structs import replace

from actors.banners.board import MOST
from actors.banners.commands import EndBanner, ListBanners, PutBanner, TurnOff, TurnOn
from actors.banners.kind import HOUSE, BannerKind
from actors.banners.records import Banner
from actors.kernel.contract.entity import SYSTEM, Principal
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.rooms.harness import START_MS, World

NOW = Banner(id="bnr_1", title="Maintenance", body="Soon", severity="info", starts=START_MS, ends=START_MS + 3_600_000)
LATER = replace(NOW, id="bnr_2", starts=START_MS + 60_000)


@pytest.fixture
def world() -> World:
    return World(BannerKind())


def listed(world: World, by: Any = "ada") -> list[str]:
    return [one["id"] for one in world.ask(HOUSE, ListBanners(), by)["banners"]]


def test_what_begins_now_is_shown_at_once_and_what_begins_later_is_not(world: World) -> None:
    assert [name for name, _ in world.do(HOUSE, PutBanner(NOW), SYSTEM).packets] == ["system_banner"]
    assert world.do(HOUSE, PutBanner(LATER), SYSTEM).packets == []
    assert listed(world) == ["bnr_1"]
    assert [name for name, _ in world.do(HOUSE, TurnOn("bnr_2"), SYSTEM).packets] == ["system_banner"]
    assert world.do(HOUSE, TurnOn("bnr_2"), SYSTEM).packets == []
    assert listed(world) == ["bnr_1", "bnr_2"]


def test_it_ends_once(world: World) -> None:
    world.ask(HOUSE, PutBanner(NOW), SYSTEM)
    world.passivate(HOUSE, snapshot=True)
    assert world.do(HOUSE, EndBanner("bnr_1"), SYSTEM).packets == [["system_banner_ended", {"banner_id": "bnr_1"}]]
    assert world.do(HOUSE, TurnOff("bnr_1"), SYSTEM).packets == []
    assert listed(world) == []
    with pytest.raises(NotFound):
        world.ask(HOUSE, EndBanner("bnr_1"), SYSTEM)


def test_one_that_was_ended_before_it_began_never_begins(world: World) -> None:
    world.ask(HOUSE, PutBanner(LATER), SYSTEM)
    world.ask(HOUSE, EndBanner("bnr_2"), SYSTEM)
    assert world.do(HOUSE, TurnOn("bnr_2"), SYSTEM).packets == []


def test_each_role_sees_its_own(world: World) -> None:
    world.ask(HOUSE, PutBanner(replace(NOW, roles=("therapist",))), SYSTEM)
    assert listed(world, Principal("tess", "therapist")) == ["bnr_1"]
    assert listed(world) == listed(world, Principal("", "nobody")) == []
    assert listed(world, SYSTEM) == ["bnr_1"]


def test_a_repeat_is_the_same_banner(world: World) -> None:
    world.ask(HOUSE, PutBanner(NOW), SYSTEM)
    assert world.do(HOUSE, PutBanner(NOW), SYSTEM).packets == []


@pytest.mark.parametrize("ends", [START_MS, START_MS - 1])
def test_one_that_is_over_before_it_begins_is_refused(world: World, ends: int) -> None:
    with pytest.raises(InvalidArgument):
        world.ask(HOUSE, PutBanner(replace(NOW, ends=ends)), SYSTEM)
    with pytest.raises(InvalidArgument):
        world.ask(HOUSE, PutBanner(replace(LATER, ends=LATER.starts)), SYSTEM)


def test_there_are_not_too_many(world: World) -> None:
    for number in range(MOST):
        world.ask(HOUSE, PutBanner(replace(LATER, id=f"bnr_{number}")), SYSTEM)
    with pytest.raises(FailedPrecondition):
        world.ask(HOUSE, PutBanner(replace(LATER, id="one_more")), SYSTEM)


def test_people_do_not_change_them(world: World) -> None:
    for command in (PutBanner(NOW), EndBanner("bnr_1")):
        with pytest.raises(PermissionDenied):
            world.ask(HOUSE, command, Principal("root", "admin"))


def test_who_has_not_said_who_they_are_is_not_carewire_itself() -> None:
    nobody = Principal("", "nobody")
    assert SYSTEM.is_system
    assert not nobody.is_system
    with pytest.raises(PermissionDenied):
        World(BannerKind()).ask(HOUSE, PutBanner(NOW), nobody)
