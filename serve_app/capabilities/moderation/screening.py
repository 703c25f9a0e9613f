"""Words of danger, read after they were stored: whoever cares is told, and no message waits for it.

Rules alone (`ml.safety`): no model, and nothing that is not said in their data.
"""

from collections.abc import Awaitable, Sequence
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Histogram

from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.moderation.case.commands import Endanger
from actors.moderation.shield.commands import JoinDanger, LookedAt
from actors.moderation.shield.events import WritingRefused
from actors.rooms.conversation.binding import opening_in
from actors.rooms.conversation.commands import Bar
from actors.rooms.messages.chat_message import Content, content_of
from actors.rooms.room.events import Created, Edited, Joined, Posted, Rebound
from actors.rooms.room.outcome import room_id_of
from actors.rooms.safety.events import Held
from actors.rooms.safety.finding import spoken
from common.clock import Clock
from common.ids import derived_id
from common.safety.evidence import Evidence, pack
from ml.safety.screen import CrisisScreen, HarmFinding
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.moderation.blocks import BlockReader
from serve_app.capabilities.moderation.reports import CAME_NEAR, Reports
from serve_app.follower.consumer import Turned

LOOK_BACK_MS: Final = 600_000
_HOUR_MS: Final = 3_600_000
_SECONDS: Final = (0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025)
_to_json: Final = msgspec.json.Encoder().encode


class ScreeningMetrics:
    """How long a text takes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.seconds = Histogram(
            "carewire_screening_seconds",
            "How long it took to read a text for words of danger.",
            registry=registry,
            buckets=_SECONDS,
        )


class ScreenedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text, where it was said, and by whom."""

    room: str
    message: str
    sender: str
    seq: int
    at: int
    body: str


class Danger:
    """What follows from words of danger: a case, the care team, an emergency, and where the person can turn."""

    def __init__(
        self,
        entities: EntityClient,
        care: CareReader,
        roles: Roles,
        clock: Clock,
        places: Sequence[dict[str, str]],
    ) -> None:
        self._entities, self._care, self._roles, self._clock = entities, care, roles, clock
        self._places = list(places)

    async def told(self, said: ScreenedText, finding: HarmFinding) -> None:
        """Idempotent. Raises Unavailable."""
        role = await self._roles.role_of(said.sender)
        staff = role not in (None, "client")
        severity = "high" if staff else finding.severity
        proposed = derived_id("case", said.at, f"danger\0{said.room}\0{said.message}")
        joining = JoinDanger(case=proposed, severity=severity)
        joined = await self._entities.ask(f"shield:{said.sender}", joining, by=SYSTEM)
        evidence = Evidence(
            room=said.room,
            message_id=said.message,
            seq=said.seq,
            sender=said.sender,
            body=said.body,
            at=said.at,
            captured=said.at,
        )
        command = Endanger(
            subject=said.sender,
            room=said.room,
            severity=severity,
            message=said.message,
            rules=finding.rules,
            team=tuple(await self._team(said.sender)),
            cry=_cry_of(finding) if severity == "emergency" else "",
            secret=pack(evidence),
        )
        await self._entities.ask(f"case:{joined.case}", command, by=SYSTEM)
        await self._support(said, joined.case)

    async def _support(self, said: ScreenedText, case: str) -> None:
        """At most once an hour."""
        hour = said.at // _HOUR_MS
        deliver = Deliver(
            derived_id("evt", hour * _HOUR_MS, f"support\0{case}"),
            "crisis_support",
            _to_json({"resources": self._places}),
        )
        named = f"support\0{case}\0{hour}"
        await self._entities.ask(f"user:{said.sender}", deliver, by=SYSTEM, command_id=named)

    async def _team(self, user: str) -> list[str]:
        """Who cares for them, and who is there in their place."""
        caring = [one for one in await self._care.of(user) if one.client == user and one.state in ("active", "paused")]
        covering = [cover.therapist for one in caring for cover in one.covers if cover.state == "active"]
        return list(dict.fromkeys((*(one.therapist for one in caring), *covering)))


class Screening:
    """The consumer `screening`."""

    name = "screening"
    kinds = frozenset({"room", "shield"})
    look_back_ms = LOOK_BACK_MS

    def __init__(
        self,
        screen: CrisisScreen,
        danger: Danger,
        entities: EntityClient,
        reports: Reports,
        blocks: BlockReader,
        metrics: ScreeningMetrics,
    ) -> None:
        self._screen, self._danger, self._entities = screen, danger, entities
        self._reports, self._blocks, self._seconds = reports, blocks, metrics.seconds

    async def take(self, turns: Sequence[Turned]) -> None:
        """See `Consumer.take`."""
        for turned in turns:
            for recorded in turned.recorded:
                if (work := self._of(turned, recorded.seq, recorded.event)) is not None:
                    await work

    def _of(self, turned: Turned, seq: int, event: object) -> Awaitable[None] | None:
        """What is to be done about an event; most need nothing."""
        match event:
            case Posted(author=author, secret=secret, id=id_) if secret is not None and event.kind != "encrypted":
                return self._look(turned=turned, message=id_, sender=author, seq=seq, at_ms=event.at, secret=secret)
            case Edited(author=author, secret=secret) if secret is not None:
                return self._look(
                    turned=turned,
                    message=f"{turned.entity}#{event.target}",
                    sender=author,
                    seq=seq,
                    at_ms=event.at,
                    secret=secret,
                )
            case Held(author=author, secret=secret, held=held) if secret is not None:
                return self._look(turned=turned, message=held, sender=author, seq=0, at_ms=event.at, secret=secret)
            case WritingRefused(author=author, secret=secret) if secret is not None:
                return self._look_once(turned, event, seq)
            case Created(author=author, members=members):
                return self._begun(turned, event, seq, [one for one in members if one != author])
            case Rebound(secret=secret) if secret is not None:
                return self._begun(turned, event, seq, ())
            case Joined(user=user, author=author):
                return self._met(turned, author, [user]) if author and author != user else None
        return None

    def _look(
        self, turned: Turned, message: str, sender: str, seq: int, at_ms: int, secret: bytes
    ) -> Awaitable[None] | None:
        body = _words_of(content_of(secret))
        with self._seconds.time():
            finding = self._screen.read(body)
        if finding.severity == "normal":
            return None
        room = room_id_of(turned.entity)
        said = ScreenedText(room=room, message=message, sender=sender, seq=seq, at=at_ms, body=body)
        return self._danger.told(said, finding)

    async def _begun(self, turned: Turned, event: Created | Rebound, seq: int, others: Sequence[str]) -> None:
        """A room begins, or is asked for anew: with what was said then."""
        note = opening_in(event.secret).note
        finding = self._screen.read(note)
        if finding.severity != "normal":
            said = ScreenedText(
                room=room_id_of(turned.entity),
                message=f"{turned.entity}#{seq}",
                sender=event.author,
                seq=seq,
                at=event.at,
                body=note,
            )
            await self._danger.told(said, finding)
        await self._met(turned, event.author, others)

    async def _look_once(self, turned: Turned, event: WritingRefused, number: int) -> None:
        """What was refused is looked at, and forgotten."""
        body = (event.secret or b"").decode()
        finding = self._screen.read(body)
        if finding.severity != "normal":
            said = ScreenedText(
                room=event.room,
                message=f"{turned.entity}#{number}",
                sender=event.author,
                seq=0,
                at=turned.at_ms,
                body=body,
            )
            await self._danger.told(said, finding)
        await self._entities.ask(turned.entity, LookedAt(number), by=SYSTEM)

    async def _met(self, turned: Turned, author: str, others: Sequence[str]) -> None:
        """Two are in a room that were not: is it somebody who reported the other, or wants nothing of them?"""
        for other in others[:50]:
            await self._reports.warn_of_retaliation(author, other, CAME_NEAR)
        for user, other in await self._blocks.between(author, others[:200]):
            await self._entities.ask(turned.entity, Bar(user, other, True), by=SYSTEM)


def _words_of(content: Content) -> str:
    """All that people read of a message: its words, and what stands with its files and in its blocks."""
    blocks = b"" if content.rich is None else content.rich.blocks
    if not content.attachments and not blocks:
        return content.body
    return "\n".join(text for text in (content.body, *map(spoken, (content.attachments, blocks))) if text)


def _cry_of(finding: HarmFinding) -> str:
    return "self_harm" if "self_harm" in finding.kinds else "safety"
