"""Webhooks as the API serves them: what came is stored before it is answered; operators list and replay it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

import msgspec

from actors.arrivals.arrival import key_owner
from actors.arrivals.commands import Arrive, NoteBlobRemoved, ReadBody, Replay
from actors.arrivals.events import ArrivalStatus
from actors.arrivals.kind import ARRIVALS, position_of
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, NotFound
from common.ids import is_id, new_id
from common.logs import get_logger
from serve_app.edge.webhooks.partners import Arrival, Preparing, WebhookPartner
from store.ports.blobs import Blobs
from store.ports.views import ViewQuery

MAX_BYTES: Final = 1 << 20
_IN_JOURNAL: Final = 64 * 1024
"""Larger bodies lie in a blob: a turn is bounded, and is read whenever its entity is."""
_AT_ONCE: Final = 200
_line_of: Final = msgspec.json.Decoder(ArrivalStatus).decode
log = get_logger(__name__)


class ListedArrival(msgspec.Struct, frozen=True, kw_only=True):
    """An arrival, to an operator: never what it says."""

    partner: str
    event_id: str
    line: ArrivalStatus
    position: str


class Webhooks:
    """One a replica of the API. `clock` is the wall's."""

    def __init__(
        self,
        partners: Sequence[WebhookPartner],
        entities: EntityClient,
        views: ViewFinder,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        """Raises ValueError: two partners have one name."""
        self._partners = {partner.name: partner for partner in partners}
        if len(self._partners) != len(partners):
            raise ValueError("one partner for each name")
        self._entities, self._views, self._blobs, self._clock = entities, views, blobs, clock

    def partner(self, name: str) -> WebhookPartner:
        """Raises NotFound: no such partner is configured."""
        partner = self._partners.get(name)
        if partner is None:
            raise NotFound("No such partner is configured here.")
        return partner

    async def receive(self, name: str, headers: Mapping[str, str], raw: bytes, trace: str) -> tuple[int, int]:
        """Store what came: how many events, and how many of them had come before. On return a majority has them.

        Raises:
            NotFound: no such partner is configured.
            InvalidArgument: it is not from the partner, or not of now, or no body of theirs.
            Unavailable: not all of it could be stored. A repeat is safe.
        """
        partner, now_ms = self.partner(name), self._clock.now_ms()
        if isinstance(partner.verifier, Preparing):
            await partner.verifier.prepare(headers, now_ms)
        partner.verifier.verify(headers, raw, now_ms)
        try:
            events = _named(partner, headers, partner.events(raw))
        except (ValueError, msgspec.MsgspecError):
            raise InvalidArgument("This is no body of this partner's webhooks.", details={"reason": "body"}) from None
        repeats = 0
        for start in range(0, len(events), _AT_ONCE):
            storing = (self._store(partner, event, trace) for event in events[start : start + _AT_ONCE])
            repeats += sum(await asyncio.gather(*storing))
        return len(events), repeats

    async def list(
        self, partner: str | None, state: str | None, *, before: str | None, limit: int
    ) -> Sequence[ListedArrival]:
        """The newest first. `before`: the position of one, to go on behind it."""
        equal = {name: value for name, value in (("partner", partner), ("state", state)) if value is not None}
        query = ViewQuery(
            collection=ARRIVALS, equal=equal, order_by="order", below=before, descending=True, limit=limit
        )
        return [_listed(view.id, _line_of(view.data)) for view in await self._views.find(query)]

    async def replay(self, name: str, event_id: str, trace: str) -> ListedArrival:
        """Hand it over once more. Where its body is still there, the partner's table is asked again.

        Raises:
            NotFound: no such partner is configured, or no such event has come.
            FailedPrecondition: it concerns nobody here.
        """
        partner, entity = self.partner(name), f"arrival:{name}:{event_id}"
        body = await self._body(entity)
        again = Replay() if body is None else _again(partner, entity, body)
        return _listed(entity, await self._entities.ask(entity, again, by=SYSTEM, trace=trace))

    async def clear(self) -> int:
        """Delete the blobs of bodies that are not needed any more; how many."""
        query = ViewQuery(collection=ARRIVALS, equal={"leftover": True}, order_by="order", limit=_AT_ONCE)
        found = await self._views.find(query)
        for view in found:
            await self._blobs.delete(_line_of(view.data).leftover)
            await self._entities.ask(view.id, NoteBlobRemoved(), by=SYSTEM)
        return len(found)

    async def _store(self, partner: WebhookPartner, event: Arrival, trace: str) -> bool:
        """Had it come before?"""
        entity = f"arrival:{partner.name}:{_key(event.id)}"
        letter = partner.to(event, entity)
        command = Arrive(what=event.what)
        if letter is not None:
            blob = await self._put_aside(partner, event.body)
            body = None if blob else event.body
            command = Arrive(what=event.what, to=letter.to, letter=letter.command, body=body, blob=blob)
        reply = await self._entities.submit(entity, command, by=SYSTEM, command_id="arrive", trace=trace)
        if command.blob:
            await self._settle(entity, command.blob, duplicate=reply.duplicate)
        return reply.duplicate

    async def _settle(self, entity: str, blob: str, *, duplicate: bool) -> None:
        """The blob that the arrival names is finished: by a repeat, where the first could not say so. Another goes."""
        named = (await self._entities.ask(entity, ReadBody(), by=SYSTEM)).blob if duplicate else blob
        if named:
            try:
                await self._blobs.finish(named)
            except NotFound:  # it was swept before anybody finished it; the letter is there
                log.warning("webhook.body_lost", blob=named, code=NotFound.code)
        if named != blob:
            await self._blobs.delete(blob)

    async def _put_aside(self, partner: WebhookPartner, body: bytes) -> str:
        """A large body, as a blob that is finished when the arrival is stored: else a sweep deletes it."""
        if len(body) <= _IN_JOURNAL:
            return ""
        blob = new_id("whk", self._clock.now_ms())
        await self._blobs.create(blob, key_owner(partner.name))
        await self._blobs.append(blob, 0, _one(body))
        return blob

    async def _body(self, entity: str) -> bytes | None:
        kept = await self._entities.ask(entity, ReadBody(), by=SYSTEM)
        if not kept.blob:
            return kept.body
        try:
            return b"".join([piece async for piece in await self._blobs.read(kept.blob)])
        except CarewireError as error:  # the replica died between storing the arrival and finishing its blob
            log.warning("webhook.body_lost", blob=kept.blob, code=error.code)
            return None


def _named(partner: WebhookPartner, headers: Mapping[str, str], events: Sequence[Arrival]) -> Sequence[Arrival]:
    """The events, the one of a body by the name that it has in a header."""
    name = headers.get(partner.id_header, "") if partner.id_header else ""
    return [replace(one, id=name) for one in events] if name and len(events) == 1 else events


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _again(partner: WebhookPartner, entity: str, body: bytes) -> Replay:
    """With what the partner's table makes of the body by now; with the letter of then, where it cannot read it."""
    try:
        letter = next((partner.to(event, entity) for event in partner.events(body)), None)
    except (ValueError, msgspec.MsgspecError) as error:
        log.warning("webhook.body_unreadable", entity=entity, error=type(error).__name__)
        return Replay()
    if letter is None:
        raise FailedPrecondition("This event concerns nobody here.")
    return Replay(to=letter.to, letter=letter.command)


def _key(event_id: str) -> str:
    """A partner's id, or a hash of it where it could not be the name of an entity."""
    return event_id if is_id(event_id) else f"h_{blake2b(event_id.encode(), digest_size=16).hexdigest()}"


def _listed(entity: str, line: ArrivalStatus) -> ListedArrival:
    _, partner, event_id = entity.split(":", 2)
    return ListedArrival(partner=partner, event_id=event_id, line=line, position=position_of(entity, line.received))
