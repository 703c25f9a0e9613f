"""Cases for those who serve moderators: finding, opening, deciding, and what follows at once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import UnsetType

from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.versions import Versions
from actors.moderation.case.commands import Appeal, Deciders, Fate, GetCase, GetHeldContents, RejectHeld, ReleaseHeld
from actors.moderation.house.entity import HOUSE, GetRules, SetRules, ShownPolicy
from actors.moderation.house.policy import SafetyRules
from actors.moderation.records import Scope, case_id_of
from actors.moderation.shield.commands import Lift, Restrict
from actors.moderation.showing import (
    ShownAppeal,
    ShownCase,
    ShownCaseLine,
    ShownHeld,
    ShownMessage,
    ShownRestriction,
    attachments_in,
)
from actors.moderation.views import CASES, HELD, case_in, held_in, restriction_in
from actors.rooms.messages.chat_message import content_of
from actors.rooms.safety.commands import HeldAnswer, HeldFate, Monitor
from actors.rooms.service import entity_of
from common.clock import Clock, to_rfc3339
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.ids import derived_id, new_id
from ml.safety.holding import Holding
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.moderation.doors.requests import Tried
from store.ports.restrictions import RESTRICTIONS
from store.ports.views import Scalar, ViewQuery, Views

_LOOKS: Final = 60  # for a message that was released, in its room
_PAUSE_S: Final = 0.05
_TRIES: Final = 10
_MOST_TRIED: Final = 1000
R = TypeVar("R")


class Cases:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views, audit: AuditRecord, clock: Clock) -> None:
        self._entities, self._views = entities, views
        self._audit, self._clock = audit, clock

    async def page(
        self, wanted: Mapping[str, Scalar], *, before: str | None, limit: int
    ) -> list[tuple[str, ShownCase]]:
        """Cases with these fields, with their place in the order, the newest first."""
        query = ViewQuery(collection=CASES, equal=wanted, order_by="order", below=before, descending=True, limit=limit)
        return [(str(one.fields["order"]), case_in(one)) for one in await self._views.find(query)]

    async def open(self, case_id: str, why: str, *, by: Principal, trace: str) -> ShownCase:
        """With what it holds: recorded, with the reason, before it is given.

        Raises:
            NotFound: there is no such case for the caller.
            Unavailable: it cannot be recorded.
        """
        listed = await self._listed(case_id, by, trace)
        entry = AuditEntry(
            "case.opened", by.user, listed.subject_id, role=by.role, resource=case_id, request=trace, why=why
        )
        await self._audit.append(entry)
        return await self._entities.ask(f"case:{case_id}", GetCase(), by=by, trace=trace)

    async def decide(self, case_id: str, command: Command[R], *, by: Principal, trace: str) -> R:
        """Something done about a case. Raises as its entity does."""
        return await self._entities.ask(f"case:{case_id}", command, by=by, trace=trace)

    async def held(self, state: str | None, *, before: str | None, limit: int) -> list[ShownHeld]:
        """Messages that are held, or were, the newest first."""
        wanted: dict[str, Scalar] = {} if state is None else {"state": state}
        query = ViewQuery(collection=HELD, equal=wanted, order_by="held", below=before, descending=True, limit=limit)
        return [held_in(one) for one in await self._views.find(query)]

    async def read(self, held: Sequence[ShownHeld], trace: str) -> list[ShownHeld]:
        """The same, with what they say; of those whose time is over, nothing is left to say."""
        return list(await asyncio.gather(*(self._read(one, trace) for one in held)))

    async def _read(self, held: ShownHeld, trace: str) -> ShownHeld:
        found = await self._entities.ask(f"case:{held.case_id}", GetHeldContents(), by=SYSTEM, trace=trace)
        if not found.content:
            return held
        said = content_of(found.content)
        message = ShownMessage(
            id=held.edit_of or held.held_id,
            sender_id=held.sender_id,
            body=said.body,
            sent_at=held.created_at,
            attachments=attachments_in(said.attachments),
        )
        return msgspec.structs.replace(held, message=message)

    async def release(self, held_id: str, *, by: Principal, trace: str) -> ShownHeld:
        """What is held goes to its room, once; when this returns it is there.

        Raises:
            NotFound: no such message is held.
            FailedPrecondition: its sender may say nothing there any more; `details.reason`. Released when that is over,
                it is posted; or it is rejected.
        """
        known = await self._decide_held(held_id, Fate(), by=SYSTEM, trace=trace)
        await self._fate(known, trace)
        held = await self._decide_held(held_id, ReleaseHeld(), by=by, trace=trace)
        for _ in range(_LOOKS):
            if (await self._fate(held, trace)).state == "released":
                break
            await asyncio.sleep(_PAUSE_S)
        return await self._read(held, trace)

    async def _fate(self, held: ShownHeld, trace: str) -> HeldAnswer:
        """What became of it in its room. Raises FailedPrecondition: it cannot be posted now, or any more."""
        asked = HeldFate(held=held.held_id)
        fate = await self._entities.ask(entity_of(held.room_id), asked, by=SYSTEM, trace=trace)
        refusal = "gone" if fate.state == "unknown" else fate.refusal
        if refusal:
            raise FailedPrecondition("It cannot be posted there.", details={"reason": refusal, "state": fate.state})
        return fate

    async def reject(self, held_id: str, text: str, *, by: Principal, trace: str) -> ShownHeld:
        """What is held goes nowhere. Raises NotFound; FailedPrecondition: it was released."""
        held = await self._decide_held(held_id, RejectHeld(secret=text.encode()), by=by, trace=trace)
        return await self._read(held, trace)

    async def _decide_held(self, held_id: str, command: Command[ShownHeld], *, by: Principal, trace: str) -> ShownHeld:
        """Its case is opened by letter, a moment after its sender was told."""
        for _ in range(_TRIES):
            try:
                return await self.decide(case_id_of(held_id), command, by=by, trace=trace)
            except NotFound:
                await asyncio.sleep(_PAUSE_S)
        return await self.decide(case_id_of(held_id), command, by=by, trace=trace)

    async def restrict(
        self, user: str, scope: list[Scope], case_id: str, *, until_ms: int, text: str, by: Principal, trace: str
    ) -> ShownRestriction:
        """They may not do this any more.

        Raises:
            NotFound: there is no such case for the caller.
            InvalidArgument: `until` has passed; or they would restrict themselves.
        """
        if until_ms and until_ms <= self._clock.platform_ms():
            raise InvalidArgument("This time has passed.", details={"field": "until"})
        if user == by.user:
            raise InvalidArgument("Nobody restricts themselves.", details={"field": "user_id"})
        await self._listed(case_id, by, trace)
        command = Restrict(
            restriction=new_id("rst", self._clock.platform_ms()),
            scope=tuple(dict.fromkeys(scope)),
            case=case_id,
            by=by.user,
            until=until_ms,
            secret=text.encode(),
        )
        return await self._entities.ask(f"shield:{user}", command, by=SYSTEM, trace=trace)

    async def lift(self, restriction_id: str, *, by: Principal, trace: str) -> ShownRestriction:
        """They may again. Raises NotFound; PermissionDenied: nobody lifts what they may not do themselves."""
        user = await self._restricted(restriction_id)
        if user == by.user:
            raise PermissionDenied("Somebody else lifts this. You may appeal.")
        command = Lift(restriction=restriction_id, by=by.user)
        return await self._entities.ask(f"shield:{user}", command, by=SYSTEM, trace=trace)

    async def appeal(
        self,
        held_id: str | None,
        restriction_id: str | None,
        case_id: str | None,
        text: str,
        *,
        by: Principal,
        trace: str,
    ) -> ShownAppeal:
        """What was decided about them is looked at by somebody else.

        Raises:
            InvalidArgument: not one of the three.
            NotFound: it is not about them.
            FailedPrecondition: nothing was decided.
        """
        if sum(one is not None for one in (held_id, restriction_id, case_id)) != 1:
            raise InvalidArgument("Name one of held_id, restriction_id, case_id.", details={"field": "held_id"})
        about = held_id or restriction_id or case_id or ""
        against = await self._decided(held_id, restriction_id, case_id, by)
        appeal = derived_id("apl", 0, f"{by.user}\0{about}")
        command = Appeal(by=by.user, about=about, against=against, secret=text.encode())
        return await self._entities.ask(f"case:{case_id_of(appeal)}", command, by=SYSTEM, trace=trace)

    async def policy(self, *, by: Principal, trace: str) -> ShownPolicy:
        """The rules in force."""
        return await self._entities.ask(f"safetypolicy:{HOUSE}", GetRules(), by=by, trace=trace)

    async def set_policy(self, rules: SafetyRules, versions: Versions, *, by: Principal, trace: str) -> ShownPolicy:
        """These from now on; recorded. Raises FailedPrecondition: they have changed meanwhile."""
        await self._audit.append(AuditEntry("safety.policy_set", by.user, role=by.role, request=trace))
        command = SetRules(rules=rules, versions=versions)
        return await self._entities.ask(f"safetypolicy:{HOUSE}", command, by=by, trace=trace)

    async def tried(self, rules: SafetyRules, *, by: Principal, trace: str) -> Tried:
        """What these rules would have held of what was held last. Recorded: texts are read for it."""
        await self._audit.append(AuditEntry("safety.policy_tried", by.user, role=by.role, request=trace))
        holding, looked_at, held, would = Holding(rules.words), 0, 0, 0
        relations: dict[str, str] = {}
        for one in await self.held(None, before=None, limit=_MOST_TRIED):
            found = await self._entities.ask(f"case:{one.case_id}", GetHeldContents(), by=SYSTEM, trace=trace)
            if not found.content:
                continue  # its time is over
            if one.room_id not in relations:
                fate = HeldFate(held=one.held_id)
                room = await self._entities.ask(entity_of(one.room_id), fate, by=SYSTEM, trace=trace)
                relations[one.room_id] = room.relation
            looked_at, held = looked_at + 1, held + (one.state != "released")
            would += bool(rules.held(holding.find(content_of(found.content).body), relations[one.room_id]))
        return Tried(looked_at=looked_at, held=held, would_hold=would)

    async def monitor(
        self, room_id: str, case_id: str, reason: str, minutes: int, *, notice: bool, by: Principal, trace: str
    ) -> str:
        """Let the caller read a room for a while; recorded, with the reason. Until when.

        Raises:
            NotFound: there is no such room, or no such case for the caller.
            FailedPrecondition: reason `not_monitored`: its members did not agree to it.
        """
        await self._listed(case_id, by, trace)
        entry = AuditEntry("room.monitored", by.user, role=by.role, resource=room_id, request=trace, why=reason)
        await self._audit.append(entry)
        until_ms = self._clock.platform_ms() + minutes * 60_000
        command = Monitor(user=by.user, case=case_id, until=until_ms, notice=notice)
        found = await self._entities.ask(entity_of(room_id), command, by=SYSTEM, trace=trace)
        return to_rfc3339(found.until)

    async def _listed(self, case_id: str, by: Principal, trace: str) -> ShownCase:
        listed = await self._entities.ask(f"case:{case_id}", Deciders(), by=SYSTEM, trace=trace)
        if listed.subject_id == by.user:
            raise NotFound("There is no such case.", case=case_id)
        return listed

    async def _decided(
        self, held_id: str | None, restriction_id: str | None, case_id: str | None, by: Principal
    ) -> tuple[str, ...]:
        """Who decided it."""
        if held_id is not None:
            held = await self._own_held(held_id, by)
            listed = await self._entities.ask(f"case:{held.case_id}", Deciders(), by=SYSTEM)
            return tuple(one.by for one in _chain(listed) if one.by and one.what in ("released", "rejected"))
        if restriction_id is not None:
            found = (await self._views.get(RESTRICTIONS, [restriction_id])).get(restriction_id)
            if found is None or found.fields["user"] != by.user:
                raise NotFound("There is no such restriction.", restriction=restriction_id)
            return (str(found.fields["by"]),)
        listed = await self._entities.ask(f"case:{case_id}", Deciders(), by=SYSTEM)
        if listed.subject_id != by.user:
            raise NotFound("There is no such case.", case=case_id or "")
        if listed.state not in ("closing", "closed"):
            raise FailedPrecondition("Nothing has been decided.", details={"state": listed.state})
        return tuple(dict.fromkeys(one.by for one in _chain(listed) if one.by))

    async def _own_held(self, held_id: str, by: Principal) -> ShownHeld:
        try:
            held = await self._entities.ask(f"case:{case_id_of(held_id)}", Fate(), by=SYSTEM)
        except CarewireError as error:
            if error.code != "not_found":
                raise
            raise NotFound("There is no such message.", held=held_id) from error
        if held.sender_id != by.user:
            raise NotFound("There is no such message.", held=held_id)
        return held

    async def _restricted(self, restriction_id: str) -> str:
        found = (await self._views.get(RESTRICTIONS, [restriction_id])).get(restriction_id)
        if found is None:
            raise NotFound("There is no such restriction.", restriction=restriction_id)
        return str(found.fields["user"])

    async def restrictions_of(self, user: str) -> list[ShownRestriction]:
        """Those in force against somebody."""
        query = ViewQuery(
            collection=RESTRICTIONS, equal={"user": user, "active": True}, order_by="restriction", limit=100
        )
        return [restriction_in(one) for one in await self._views.find(query)]


def _chain(case: ShownCase) -> list[ShownCaseLine]:
    return [] if isinstance(case.chain, UnsetType) else case.chain
