"""Plans: each operation at both doors."""

from collections.abc import Iterator
from typing import Any

import msgspec

from actors.payments.plan.entity import PlanBody, PlanView
from common.clock import Clock
from common.ids import new_id
from serve_app.capabilities.payments.subscriptions import requests
from serve_app.capabilities.payments.subscriptions.service import Subscriptions, members_of
from serve_app.capabilities.payments.subscriptions.showing import (
    PLAN,
    PLAN_REPLY,
    declared,
    door,
)
from serve_app.edge.operation import Caller, Example, Operation, Result


class PlanOperations:
    """Of one process."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock) -> None:
        self._subscriptions, self._clock = subscriptions, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        path, change = "/api/plans/{plan_id}", "plan.change"
        one, example = requests.PlanReply, Example({"plan_id": PLAN_REPLY["plan_id"]}, PLAN_REPLY)
        made, listed = Example(PLAN, PLAN_REPLY), Example({}, {"items": [PLAN_REPLY]})
        create, find = door("POST", "/api/plans", 201), door("GET", "/api/plans")
        yield declared(
            "create_plan",
            change,
            request=requests.CreatePlan,
            call=self._create_plan,
            rest=create,
            response=one,
            example=made,
        )
        yield declared(
            "list_plans",
            "plan.read",
            request=requests.Listing,
            call=self._list_plans,
            rest=find,
            response=requests.PlanPage,
            example=listed,
        )
        get, update = door("GET", path), door("PATCH", path)
        yield declared(
            "get_plan",
            "plan.read",
            request=requests.OfPlan,
            call=self._get_plan,
            rest=get,
            response=one,
            example=example,
            versioned=True,
        )
        yield declared(
            "update_plan",
            change,
            request=requests.UpdatePlan,
            call=self._update_plan,
            rest=update,
            response=one,
            example=example,
            versioned=True,
        )

    async def _create_plan(self, request: requests.CreatePlan, caller: Caller) -> Result:
        """Make a plan."""
        plan_id = request.plan_id or new_id("pln", self._clock.platform_ms())
        return _plan(await self._subscriptions.set_plan(plan_id, PlanBody(**members_of(request)), caller, new=True))

    async def _list_plans(self, request: requests.Listing, caller: Caller) -> requests.PlanPage:
        """Plans."""
        found, more = await self._subscriptions.plans(request)
        return requests.PlanPage(items=[_plan_reply(one) for one in found], next_cursor=more)

    async def _get_plan(self, request: requests.OfPlan, caller: Caller) -> Result:
        """A plan."""
        return _plan(await self._subscriptions.plan(request.plan_id))

    async def _update_plan(self, request: requests.UpdatePlan, caller: Caller) -> Result:
        """Change a plan. Subscribers keep what they have until they change."""
        old = (await self._subscriptions.plan(request.plan_id)).plan
        named = {
            name: getattr(request, name) for name in request.__struct_fields__ if name not in ("plan_id", "version")
        }
        changed = {name: value for name, value in named.items() if value is not None}
        plan = msgspec.structs.replace(old, **changed)
        return _plan(await self._subscriptions.set_plan(request.plan_id, plan, caller, new=False))


def _plan_reply(view: PlanView) -> requests.PlanReply:
    return requests.PlanReply(plan_id=view.id, version=view.version, **members_of(view.plan))


def _plan(view: PlanView) -> Result:
    return Result(_plan_reply(view), version=view.version)
