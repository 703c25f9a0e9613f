"""What moderators and administrators do about people, words and rooms: restrictions, the policy, reading a room."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.moderation.house.entity import ShownPolicy
from actors.moderation.house.policy import SafetyRules
from actors.moderation.showing import ShownRestriction
from common.errors import FailedPrecondition
from common.timeline import parse_instant
from serve_app.capabilities.moderation.cases import Cases
from serve_app.capabilities.moderation.doors import examples, requests
from serve_app.edge.operation import Caller, Operation, Rest

TAG: Final = "moderation"
_PATH: Final = "/api/moderation"


class MeasureOperations:
    """One a process."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._restricting()
        yield from self._policy()
        yield self._monitoring()

    def _restricting(self) -> Iterator[Operation[Any]]:
        async def restrict(request: requests.RestrictUser, caller: Caller) -> requests.RestrictionReply:
            until_ms = 0 if request.until is None else parse_instant(request.until, "until")
            made = await self._cases.restrict(
                request.user_id,
                request.scope,
                request.case_id,
                until_ms=until_ms,
                text=request.text,
                by=caller.by,
                trace=caller.trace,
            )
            return _restriction(made)

        async def lift(request: requests.OfRestriction, caller: Caller) -> requests.RestrictionReply:
            return _restriction(await self._cases.lift(request.restriction_id, by=caller.by, trace=caller.trace))

        yield Operation(
            name="restrict_user",
            action="restriction.change",
            request=requests.RestrictUser,
            call=restrict,
            rest=Rest("POST", f"{_PATH}/restrictions", status=201, tag=TAG),
            limit="write",
            response=requests.RestrictionReply,
            example=examples.RESTRICT,
            description="What somebody may not do any more, at every door, within two seconds. They are told, and may "
            "appeal.",
        )
        yield Operation(
            name="lift_restriction",
            action="restriction.change",
            request=requests.OfRestriction,
            call=lift,
            rest=Rest("DELETE", f"{_PATH}/restrictions/{{restriction_id}}", tag=TAG),
            limit="write",
            response=requests.RestrictionReply,
            resource=("restriction_id",),
            example=examples.LIFT,
            description="They may again.",
        )

    def _policy(self) -> Iterator[Operation[Any]]:
        async def get(_: requests.NoBlock, caller: Caller) -> requests.PolicyReply:
            return _shown(await self._cases.policy(by=caller.by, trace=caller.trace))

        async def put(request: requests.SetPolicy, caller: Caller) -> requests.PolicyReply:
            rules = SafetyRules(words=request.words, actions=request.actions)
            if request.try_only:
                tried = await self._cases.tried(rules, by=caller.by, trace=caller.trace)
                return _shown(await self._cases.policy(by=caller.by, trace=caller.trace), tried)
            made = await self._cases.set_policy(rules, caller.versions, by=caller.by, trace=caller.trace)
            return _shown(made)

        yield Operation(
            name="get_safety_policy",
            action="safety.policy",
            request=requests.NoBlock,
            call=get,
            rest=Rest("GET", f"{_PATH}/policy", tag=TAG),
            limit="read",
            response=requests.PolicyReply,
            example=examples.GET_POLICY,
            description="Which words are held beside those that are shipped, and what is let through where.",
            versioned=True,
        )
        yield Operation(
            name="set_safety_policy",
            action="safety.policy",
            request=requests.SetPolicy,
            call=put,
            rest=Rest("PUT", f"{_PATH}/policy", tag=TAG),
            limit="write",
            response=requests.PolicyReply,
            refuses=(FailedPrecondition,),
            example=examples.SET_POLICY,
            description="Set them; `try_only` says what these rules would have held of what was held last.",
            versioned=True,
        )

    def _monitoring(self) -> Operation[Any]:
        async def monitor(request: requests.MonitorRoom, caller: Caller) -> requests.MonitorReply:
            until = await self._cases.monitor(
                request.room_id,
                request.case_id,
                request.reason,
                request.minutes,
                notice=request.notice,
                by=caller.by,
                trace=caller.trace,
            )
            return requests.MonitorReply(room_id=request.room_id, until=until)

        return Operation(
            name="monitor_room",
            action="room.monitor",
            request=requests.MonitorRoom,
            call=monitor,
            rest=Rest("POST", f"{_PATH}/monitor", status=201, tag=TAG),
            limit="write",
            response=requests.MonitorReply,
            resource=("room_id",),
            refuses=(FailedPrecondition,),
            example=examples.MONITOR,
            description="Read (`history`) a room whose members agreed to it, for at most an hour. They hear of it.",
        )


def _restriction(made: ShownRestriction) -> requests.RestrictionReply:
    return requests.RestrictionReply(restriction=made)


def _shown(policy: ShownPolicy, tried: requests.Tried | None = None) -> requests.PolicyReply:
    return requests.PolicyReply(
        version=policy.version,
        words=list(policy.rules.words),
        actions=msgspec.to_builtins(policy.rules.actions),
        set_by=policy.set_by,
        set_at=policy.set_at,
        tried=tried,
    )
