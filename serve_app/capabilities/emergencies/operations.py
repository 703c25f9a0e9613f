"""Every operation of emergencies and their ladders."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from actors.emergencies.emergency.commands import AcknowledgeEmergency, CancelEmergency, Cry, HandOff, Resolve
from actors.emergencies.records import Location, ShownEmergency
from actors.emergencies.views import EVERYBODY
from actors.kernel.contract.entity import Command
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound
from common.policy import POLICY, Relation
from serve_app.capabilities.emergencies import requests
from serve_app.capabilities.emergencies.requests import EmergencyReply
from serve_app.capabilities.emergencies.server_events import ACKNOWLEDGED, EMERGENCY
from serve_app.capabilities.emergencies.service import Emergencies
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/emergencies"
_TAG: Final = "emergencies"
_OF: Final = {"emergency_id": EMERGENCY["id"]}
_DETAILS: Final = ("acknowledged_by",)
_REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition, NotFound)
_ADVICE: Final = "If somebody is in danger, call your local emergency number now."
_LADDER: Final[dict[str, Any]] = {
    "ladder_id": "default",
    "rungs": [
        {"to": {"care_team": True}, "wait_s": 60},
        {"to": {"role": "moderator"}, "wait_s": 60},
        {"to": {"role": "admin"}, "wait_s": 120},
    ],
}


class EmergencyOperations:
    """One a process. `advice`: where to call, told to whoever raises one."""

    def __init__(self, emergencies: Emergencies, advice: str) -> None:
        self._emergencies = emergencies
        self._advice = advice

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._raising()
        yield from self._reading()
        yield from self._changing()
        yield from self._ladders()

    def _raising(self) -> Iterator[Operation[Any]]:
        async def cry(request: requests.RaiseEmergency, caller: Caller) -> requests.RaisedEmergency:
            request.check()
            raised = await self._emergencies.cry(
                request.user_id or caller.by.user, request.kind, _cry_of(request), by=caller.by, trace=caller.trace
            )
            return requests.RaisedEmergency(emergency=raised, advice=self._advice)

        yield Operation(
            name="emergency_alert",
            action="emergency.raise",
            request=requests.RaiseEmergency,
            call=cry,
            rest=Rest("POST", _PATH, status=201, tag=_TAG),
            limit="write",
            response=requests.RaisedEmergency,
            refuses=(Conflict,),
            example=Example(
                {"kind": "self_harm", "message": "I am not safe."},
                {
                    "emergency": {**EMERGENCY, "message": "I am not safe."},
                    "advice": "If somebody is in danger, call your local emergency number now.",
                },
            ),
            description="Cry for help. People are asked rung by rung until somebody comes. While one is open, another "
            "joins it. This does not replace an emergency call.",
        )

    def _reading(self) -> Iterator[Operation[Any]]:
        async def get(request: requests.OfEmergency, caller: Caller) -> EmergencyReply:
            found = await self._emergencies.get(request.emergency_id, by=caller.by, trace=caller.trace)
            return EmergencyReply(emergency=found)

        async def page(request: requests.ListEmergencies, caller: Caller) -> requests.EmergencyPage:
            before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
            everybody = POLICY.allows(caller.by.role, Relation.NONE, "emergency.read")
            user, limit = EVERYBODY if everybody else caller.by.user, request.limit
            found = await self._emergencies.page(user, open_=request.open, before=before, limit=limit + 1)
            more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
            return requests.EmergencyPage(list(found[:limit]), more)

        yield Operation(
            name="list_emergencies",
            action="emergency.read",
            request=requests.ListEmergencies,
            call=page,
            rest=Rest("GET", _PATH, tag=_TAG),
            limit="read",
            response=requests.EmergencyPage,
            example=Example({"open": True}, {"emergencies": [EMERGENCY]}),
            description="Emergencies that concern the caller, the newest first; administrators see all. What was said, "
            "and where, is not in the list.",
        )
        yield Operation(
            name="get_emergency",
            action="emergency.read",
            request=requests.OfEmergency,
            call=get,
            rest=Rest("GET", f"{_PATH}/{{emergency_id}}", tag=_TAG),
            limit="read",
            response=EmergencyReply,
            resource=("emergency_id",),
            example=Example(_OF, {"emergency": {**EMERGENCY, "message": "I am not safe."}}),
            description="One emergency, with what was said. Where the person is, those see who were asked, while it is "
            "open; each such look is in the audit record.",
            versioned=True,
        )

    def _changing(self) -> Iterator[Operation[Any]]:
        async def hand_off(request: requests.HandOffEmergency, caller: Caller) -> ShownEmergency:
            await self._emergencies.check_successor(request.emergency_id, request.to, by=caller.by)
            return await self._change(request.emergency_id, HandOff(request.to, caller.versions), caller)

        async def resolve(request: requests.ResolveEmergency, caller: Caller) -> ShownEmergency:
            note = None if request.note is None else request.note.encode()
            return await self._change(request.emergency_id, Resolve(secret=note, versions=caller.versions), caller)

        yield _changing(
            "acknowledge_emergency",
            requests.ChangeEmergency,
            lambda request, caller: self._change(request.emergency_id, AcknowledgeEmergency(caller.versions), caller),
            "I am on it. The first one has it; the others are told who.",
        )
        yield _changing(
            name="hand_off_emergency",
            request=requests.HandOffEmergency,
            call=hand_off,
            description="Somebody else shall have it: they are asked, and it comes back when they do not "
            "acknowledge in time.",
            example={"to": "usr_otto"},
        )
        yield _changing(
            name="resolve_emergency",
            request=requests.ResolveEmergency,
            call=resolve,
            description="It is over.",
            example={"note": "She is with her mother."},
        )
        yield _changing(
            "cancel_emergency",
            requests.ChangeEmergency,
            lambda request, caller: self._change(request.emergency_id, CancelEmergency(caller.versions), caller),
            "Help is not needed. For who raised it; what Carewire itself raised, staff cancels.",
        )

    def _ladders(self) -> Iterator[Operation[Any]]:
        async def get(request: requests.OfLadder, caller: Caller) -> requests.LadderReply:
            ladder = await self._emergencies.ladder(request.ladder_id, by=caller.by)
            return requests.ladder_reply(request.ladder_id, ladder)

        async def put(request: requests.SetLadderRequest, caller: Caller) -> requests.LadderReply:
            ladder = await self._emergencies.set_ladder(
                request.ladder_id, request.ladder(), by=caller.by, trace=caller.trace
            )
            return requests.ladder_reply(request.ladder_id, ladder)

        path: Final = f"{_PATH}/ladders/{{ladder_id}}"
        yield Operation(
            name="get_ladder",
            action="ladder.read",
            request=requests.OfLadder,
            call=get,
            rest=Rest("GET", path, tag=_TAG),
            limit="read",
            response=requests.LadderReply,
            resource=("ladder_id",),
            example=Example({"ladder_id": "default"}, _LADDER),
            description="Who is asked in an emergency, in which order: by default, or for those in a therapist's care.",
        )
        yield Operation(
            name="set_ladder",
            action="ladder.set",
            request=requests.SetLadderRequest,
            call=put,
            rest=Rest("PUT", path, tag=_TAG),
            limit="write",
            response=requests.LadderReply,
            resource=("ladder_id",),
            example=Example(_LADDER, _LADDER),
            description="Say who is asked. Emergencies that are open keep the ladder that they were raised with. In "
            "the audit record.",
        )

    async def _change(self, emergency_id: str, command: Command[ShownEmergency], caller: Caller) -> ShownEmergency:
        return await self._emergencies.change(emergency_id, command, by=caller.by, trace=caller.trace)


def _changing(
    name: str,
    request: type[requests.ChangeEmergency],
    call: Callable[[Any, Caller], Awaitable[ShownEmergency]],
    description: str,
    example: dict[str, Any] | None = None,
) -> Operation[Any]:
    async def changed(asked: requests.ChangeEmergency, caller: Caller) -> EmergencyReply:
        return EmergencyReply(emergency=await call(asked, caller))

    verb = name.removesuffix("_emergency")
    return Operation(
        name=name,
        action=f"emergency.{verb}",
        request=request,
        call=changed,
        rest=Rest("POST", f"{_PATH}/{{emergency_id}}/{verb.replace('_', '-')}", tag=_TAG),
        limit="write",
        response=EmergencyReply,
        resource=("emergency_id",),
        error_details=_DETAILS,
        refuses=_REFUSES,
        example=Example({**_OF, **(example or {})}, {"emergency": ACKNOWLEDGED}),
        description=description,
        versioned=True,
    )


def _cry_of(request: requests.RaiseEmergency) -> Cry:
    at = request.location
    place = None if at is None else Location(lat=at.lat, lon=at.lon, accuracy_m=at.accuracy_m, at=at.at)
    return Cry(message=request.message or "", location=place)
