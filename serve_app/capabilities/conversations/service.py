"""Conversations for those who serve clients: who may begin which, and what that takes of several entities. What
becomes of one is the room's to decide."""

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from actors.care.commands import BindRoom
from actors.care.state import CareRecord
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.outgoing.commands import AskFor, NoteAsked
from actors.rooms.conversation.admission import check_policy
from actors.rooms.conversation.binding import Opening
from actors.rooms.conversation.commands import Converse, See
from actors.rooms.conversation.policy import Policy
from actors.rooms.conversation.words import refuse_names
from actors.rooms.pairs import ClaimPair, pair_id
from actors.rooms.replies import CreatedRoom
from actors.rooms.service import Names
from actors.workflows.care import following
from common.clock import Clock
from common.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, RateLimited
from common.ids import new_id
from common.reach import Reach
from serve_app.capabilities.conversations.policies import Policies
from serve_app.capabilities.conversations.requests import CreateConversation, SpeaksAbout


class RoleLookup(Protocol):
    """Who has which role (`identity.accounts.roles.Roles`)."""

    async def role_of(self, user: str) -> str | None: ...


class CareRelationships(Protocol):
    """Which care relationships two people have (`identity.care.service.CareReader`)."""

    async def between(self, one: str, other: str) -> list[CareRecord]: ...

    async def cares(self, one: str, other: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class ConversationTerms:
    """What is offered. `allowed`: may clients write to each other, once both agree? `encrypted`: relations whose
    conversations may be encrypted by their devices."""

    allowed: bool
    max_open_requests: int
    encrypted: frozenset[str] = frozenset()


class Conversations:
    """One a process."""

    def __init__(
        self,
        region: EntityClient,
        clock: Clock,
        cares: CareRelationships,
        roles: RoleLookup,
        names: Names,
        reach: Reach,
        policies: Policies,
        terms: ConversationTerms,
    ) -> None:
        self._region, self._clock = region, clock
        self._cares, self._roles, self._names, self._reach = cares, roles, names, reach
        self._policies, self._terms = policies, terms

    async def create(self, asked: CreateConversation, *, by: Principal, trace: str) -> CreatedRoom:
        """Begin a conversation, or find it.

        Raises:
            InvalidArgument: with oneself; `about` where nobody is spoken about; a note where all is encrypted.
            PermissionDenied: not these two, or nobody may; the other cannot be reached; not encrypted.
            FailedPrecondition: reason `no_care`, `policy`, `names_client`, `accept` or `e2ee`.
            NotFound: `care_id` is none of these two.
            RateLimited: too many requests wait, or the other has declined lately.
        """
        self._check(asked, by)
        await self._check_other(asked, by)
        match asked.relation:
            case "client_therapist":
                return await self._with_care(asked, by, trace)
            case "therapist_therapist":
                return await self._among_therapists(asked, by, trace)
        return await self._among_clients(asked, by, trace)

    def _check(self, asked: CreateConversation, by: Principal) -> None:
        if asked.relation == "client_client" and not self._terms.allowed:
            raise PermissionDenied("Clients do not write to each other here.")
        if by.role not in _ROLES[asked.relation]:
            raise PermissionDenied("This conversation is for others.", details={"field": "relation"})
        if asked.other == by.user:
            raise InvalidArgument("A conversation is with somebody else.", details={"field": "with"})
        if asked.about is not None and asked.relation != "therapist_therapist":
            raise InvalidArgument("Only therapists speak about a client.", details={"field": "about"})
        if asked.care_id is not None and asked.relation != "client_therapist":
            raise InvalidArgument("Only a client and a therapist have care.", details={"field": "care_id"})
        if asked.e2ee:
            self._check_encrypted(asked)

    def _check_encrypted(self, asked: CreateConversation) -> None:
        if asked.relation not in self._terms.encrypted:
            raise PermissionDenied("Encrypted conversations are not offered here.", details={"reason": "e2ee"})
        if asked.note is not None:
            raise InvalidArgument(
                "A note would be read here. Say it in the conversation.", details={"field": "note", "reason": "e2ee"}
            )

    async def _check_other(self, asked: CreateConversation, by: Principal) -> None:
        """Whoever nobody here has seen yet may be anybody: their tokens come from elsewhere."""
        await self._reach.may_reach(by.user, asked.other)
        role = await self._roles.role_of(asked.other)
        wanted = _ROLES[asked.relation]
        if asked.relation == "client_therapist":
            return  # their care says who is who
        if role is not None and role not in wanted:
            raise PermissionDenied("This conversation is for others.", details={"field": "with"})

    async def _with_care(self, asked: CreateConversation, by: Principal, trace: str) -> CreatedRoom:
        care = await self._active(asked, by)
        room = await self._room_of(asked, by, trace)
        command = BindRoom(room)
        reply = await self._region.submit(f"care:{care.id}", command, by=SYSTEM, trace=trace)
        care = answer_to(command, reply.data)
        follow = following(care, reply.version)
        return await self._converse(
            room, asked, by, trace, therapist=care.therapist, bond=follow.bond, covers=follow.covers
        )

    async def _active(self, asked: CreateConversation, by: Principal) -> CareRecord:
        found = await self._cares.between(by.user, asked.other)
        if asked.care_id is not None:
            found = [one for one in found if one.id == asked.care_id]
            if not found:
                raise NotFound("There is no such care relationship.")
        active = [one for one in found if one.state == "active"]
        if not active:
            raise _no_care()
        return active[0]

    async def _among_therapists(self, asked: CreateConversation, by: Principal, trace: str) -> CreatedRoom:
        if asked.about is not None:
            await self._check_about(asked, asked.about, by)
        return await self._converse(await self._room_of(asked, by, trace), asked, by, trace)

    async def _check_about(self, asked: CreateConversation, about: SpeaksAbout, by: Principal) -> None:
        if about.client_id in (by.user, asked.other):
            raise InvalidArgument("One speaks about somebody else.", details={"field": "about"})
        if not any(
            one.therapist == by.user and one.state == "active"
            for one in await self._cares.between(by.user, about.client_id)
        ):
            raise _no_care()
        words = tuple(await self._names.words_of(about.client_id))
        refuse_names((about.alias, asked.note or ""), words)

    async def _among_clients(self, asked: CreateConversation, by: Principal, trace: str) -> CreatedRoom:
        policy, version = await self._policies.of(asked.relation)
        check_policy(policy, version, asked.accept_policy)
        room = await self._room_of(asked, by, trace)
        if await self._stands(room, by, trace):
            return await self._converse(room, asked, by, trace, asks=True)
        counter = f"outgoing:{by.user}"
        await self._region.ask(counter, AskFor(room, self._terms.max_open_requests), by=by, trace=trace)
        try:
            return await self._converse(room, asked, by, trace, asks=True)
        except (AlreadyExists, FailedPrecondition, PermissionDenied, RateLimited):
            await self._region.ask(counter, NoteAsked(room=room, waits=False, seq=0), by=SYSTEM, trace=trace)
            raise

    async def _stands(self, room: str, by: Principal, trace: str) -> bool:
        """Is it there, so that nobody is asked anew?"""
        try:
            seen = await self._region.ask(f"room:{room}", See(), by=by, trace=trace)
        except NotFound:
            return False
        return seen.room.state not in ("declined", "closed")

    async def _room_of(self, asked: CreateConversation, by: Principal, trace: str) -> str:
        """Which room is the conversation of the two."""
        proposed = new_id("room", self._clock.platform_ms())
        pair = pair_id((by.user, asked.other), asked.relation)
        return (await self._region.ask(pair, ClaimPair(proposed), by=SYSTEM, trace=trace)).room_id

    async def _converse(
        self, room: str, asked: CreateConversation, by: Principal, trace: str, **more: object
    ) -> CreatedRoom:
        policy, version = await self._policies.of(asked.relation)
        command = msgspec.structs.replace(_said(asked, policy, version), **more)
        return await self._region.ask(f"room:{room}", command, by=by, trace=trace)


_ROLES: Final = {
    "client_client": frozenset({"client"}),
    "therapist_therapist": frozenset({"therapist"}),
    "client_therapist": frozenset({"client", "therapist"}),
}


def _said(asked: CreateConversation, policy: Policy, version: int) -> Converse:
    about = asked.about
    opening = Opening(
        client=about.client_id if about is not None else "",
        alias=about.alias if about is not None else "",
        note=asked.note or "",
    )
    return Converse(
        relation=asked.relation,
        other=asked.other,
        policy=policy,
        policy_version=version,
        accepted=asked.accept_policy,
        opening=b"" if opening == Opening() else msgspec.msgpack.encode(opening),
        about=about is not None,
        e2ee=asked.e2ee,
        accept=tuple(asked.accept or ()),
    )


def _no_care() -> FailedPrecondition:
    return FailedPrecondition("There is no active care relationship.", details={"reason": "no_care"})
