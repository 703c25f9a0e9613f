"""Cases as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded
from actors.moderation.activities import DUTY, DestroyEvidence, PostReleased, TellDuty
from actors.moderation.case.commands import CaseCommand, ForgetEvidence, HeldContents
from actors.moderation.case.entity import UNDER_HOLD, CaseEntity, CaseWords
from actors.moderation.case.events import CaseChanged, CaseEvent, EvidenceForgotten
from actors.moderation.case.opening import CaseDeadlines
from actors.moderation.records import Case
from actors.moderation.showing import shown
from actors.moderation.views import INDEXES, views_of
from common.errors import PermissionDenied
from common.safety.evidence import unpack
from store.ports.holds import over

_pack: Final = msgspec.msgpack.Encoder().encode
_BETWEEN: Final = "\n"  # in no id
_state: Final = msgspec.msgpack.Decoder(Case | None).decode


class CaseKind(Kind[CaseEntity, CaseCommand, CaseEvent]):
    """`case:<id>`. Nobody listens to one: whom it concerns finds it in their inbox, or in a list."""

    name = "case"
    commands = CaseCommand
    events = CaseEvent
    indexes = INDEXES

    def __init__(self, terms: CaseDeadlines) -> None:
        self._terms = terms

    @override
    def create(self, key: str) -> CaseEntity:
        return CaseEntity(key, self._terms)

    @override
    def snapshot(self, entity: CaseEntity) -> bytes:
        return _pack(entity.case)

    @override
    def restore(self, key: str, state: bytes) -> CaseEntity:
        return CaseEntity(key, self._terms, _state(state))

    @override
    def admit(self, entity: CaseEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a case.")

    @override
    def show(self, entity_id: str, recorded: Recorded[CaseEvent], part: None) -> None:
        return None

    @override
    def needs(self, entity: CaseEntity, command: CaseCommand) -> Sequence[str]:
        if entity.case is None or not isinstance(command, ForgetEvidence):
            return ()
        return (_BETWEEN.join((UNDER_HOLD, entity.case.subject, entity.case.room)),)

    @override
    def is_passing(self, key: str) -> bool:
        return key.startswith(UNDER_HOLD)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        """Whether a legal hold lies over it, over its room, or keeps the words of whom it is about."""
        case, found = entity_id.partition(":")[2], dict[str, bool]()
        for key in keys:
            _, subject, room = key.split(_BETWEEN)
            queries = over(case=case, people=[subject], rooms=[room] if room else [])
            found[key] = bool([one for query in queries for one in await library.views(query)])
        return found

    @override
    def effects(self, entity_id: str, recorded: Recorded[CaseEvent], part: None) -> Effects:
        event = recorded.event
        if isinstance(event, EvidenceForgotten):
            destroy = _pack(DestroyEvidence(case=event.case))
            gone = list(range(1, recorded.seq))
            owed = Activity(connector=DUTY, key=f"destroy:{recorded.seq}", payload=destroy, urgency="bulk")
            return Effects(redact=gone, activities=[owed])
        case, activities = event.case, []
        if event.change == "overdue":
            tell = _pack(TellDuty(case=case.id, severity=case.severity, raised=case.raised))
            activities.append(Activity(connector=DUTY, key=f"overdue:{case.raised}", payload=tell, urgency="now"))
        if event.change in ("released", "rejected"):
            post = _pack(PostReleased(case=case.id, released=event.change == "released"))
            activities.append(Activity(connector=DUTY, key=f"held:{recorded.seq}", payload=post, urgency="now"))
        return Effects(views=views_of(case, recorded.seq), activities=activities)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        """The case with what its events hold."""
        if not isinstance(query, CaseWords):
            return await super().read(query, entity_id, version, library)
        case = query.case
        wanted = {line.words for line in case.chain if line.words} | {kept.event for kept in case.evidence}
        found = await library.at(entity_id, sorted(wanted))
        words = {
            one.seq: one.event.secret
            for one in found
            if isinstance(one.event, CaseChanged) and one.event.secret is not None
        }
        if query.held:
            return _held(case, words)
        evidence = {kept.event for kept in case.evidence}
        case = _without_packed_lines(case, evidence)
        return shown(case, query.version, words)


def _held(case: Case, words: dict[int, bytes]) -> HeldContents:
    assert case.held is not None
    packed = next((words[kept.event] for kept in case.evidence if kept.event in words), None)
    content = b"" if packed is None else unpack(packed).content
    return HeldContents(held=case.held, content=content, kind=case.held.kind)


def _without_packed_lines(case: Case, evidence: set[int]) -> Case:
    """Lines whose event holds evidence say nothing themselves."""
    lines = tuple(msgspec.structs.replace(line, words=0) if line.words in evidence else line for line in case.chain)
    return msgspec.structs.replace(case, chain=lines)
