"""Reports: what somebody says is wrong, and what became of it."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.moderation.case.commands import Add, FileReport
from actors.moderation.records import Reason
from actors.moderation.showing import ShownReport
from actors.moderation.views import REPORTS, report_in
from actors.rooms.safety.commands import Revealed, Testify
from actors.rooms.service import entity_of
from common.clock import Clock
from common.errors import InvalidArgument, NotFound
from common.ids import derived_id
from common.safety.evidence import Evidence, pack
from serve_app.capabilities.moderation.doors.requests import Reveal
from store.ports.views import View, ViewQuery, Views

RETALIATION: Final = "possible_retaliation"
"""What lines of a chain say (`details`) of these: who was reported reports back, or comes near."""
REPORTED_BACK: Final = "reported_back"
CAME_NEAR: Final = "came_near"
RETALIATION_MS: Final = 30 * 86_400_000


class Reports:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views, clock: Clock) -> None:
        self._entities, self._views, self._clock = entities, views, clock

    async def of_message(
        self,
        room_id: str,
        message_id: str,
        reason: Reason,
        *,
        note: str,
        context: int,
        reveal: Reveal | None,
        by: Principal,
        trace: str,
    ) -> ShownReport:
        """Report a message: the room copies what was said in the turn that finds it. Again: the same report.

        Raises:
            NotFound, PermissionDenied: there is no such message for the caller.
            InvalidArgument: it is their own; or what is revealed is not what was sent.
        """
        entity = entity_of(room_id)
        case = derived_id("case", 0, f"message\0{room_id}\0{message_id}")
        report = derived_id("rep", 0, f"message\0{by.user}\0{room_id}\0{message_id}")
        testify = Testify(
            message_id=message_id,
            case=case,
            report=report,
            reason=reason,
            context=context,
            note=note,
            revealed=None if reveal is None else opened(reveal),
        )
        witnessed = await self._entities.ask(entity, testify, by=by, trace=trace)
        if witnessed.sender == by.user:
            raise InvalidArgument("This message is your own.", details={"field": "message_id"})
        command = FileReport(report=report, by=by.user, reason=reason, subject=witnessed.sender, room=room_id)
        found = await self._entities.ask(f"case:{case}", command, by=SYSTEM, trace=trace)
        await self.warn_of_retaliation(by.user, witnessed.sender, REPORTED_BACK)
        return found

    async def of_user(self, user: str, reason: Reason, *, note: str, by: Principal, trace: str) -> ShownReport:
        """Report a person. Again, while the first one is open: the same report.

        Raises:
            InvalidArgument: nobody reports themselves.
        """
        if user == by.user:
            raise InvalidArgument("Nobody reports themselves.", details={"field": "user_id"})
        number = await self._next_number(by.user, user)
        case = derived_id("case", 0, f"user\0{by.user}\0{user}\0{number}")
        report = derived_id("rep", 0, f"user\0{by.user}\0{user}\0{number}")
        now_ms = self._clock.platform_ms()
        said = Evidence(room="", message_id=report, seq=0, sender=user, body="", at=now_ms, captured=now_ms, note=note)
        command = FileReport(
            report=report, by=by.user, reason=reason, subject=user, secret=pack(said) if note else None
        )
        found = await self._entities.ask(f"case:{case}", command, by=SYSTEM, trace=trace)
        await self.warn_of_retaliation(by.user, user, REPORTED_BACK)
        return found

    async def get(self, report_id: str, by: Principal) -> ShownReport:
        """Raises NotFound: they made no such report."""
        found = (await self._views.get(REPORTS, [report_id])).get(report_id)
        if found is None or found.fields["by"] != by.user:
            raise NotFound("There is no such report.", report=report_id)
        return report_in(found)

    async def page(self, user: str, *, before: int | None, limit: int) -> list[tuple[int, ShownReport]]:
        """Those of a user with their times, the newest first."""
        query = ViewQuery(
            collection=REPORTS, equal={"by": user}, order_by="at", below=before, descending=True, limit=limit
        )
        return [(int(one.fields["at"] or 0), report_in(one)) for one in await self._views.find(query)]

    async def warn_of_retaliation(self, actor: str, other: str, what: str) -> bool:
        """`actor` reports, or comes near to `other`. Has `other` reported them of late? Then that case is raised
        again."""
        since = self._clock.platform_ms() - RETALIATION_MS
        query = ViewQuery(
            collection=REPORTS, equal={"by": other, "subject": actor}, order_by="at", above=since, limit=10
        )
        found = await self._views.find(query)
        for case in dict.fromkeys(str(one.fields["case"]) for one in found):
            again = Add(what=what, details=RETALIATION, again=True)
            day = self._clock.platform_ms() // 86_400_000
            await self._entities.ask(
                f"case:{case}", again, by=SYSTEM, command_id=f"retaliation\0{actor}\0{what}\0{day}"
            )
        return bool(found)

    async def _next_number(self, by: str, user: str) -> int:
        """The number of the report that is open, or else of a new one."""
        query = ViewQuery(
            collection=REPORTS, equal={"by": by, "subject": user}, order_by="at", descending=True, limit=200
        )
        found: list[View] = [one for one in await self._views.find(query) if one.id.startswith("rep_")]
        for number in range(len(found) + 1):
            mine = derived_id("rep", 0, f"user\0{by}\0{user}\0{number}")
            known = next((one for one in found if one.id == mine), None)
            if known is None or report_in(known).state != "closed":
                return number
        return len(found)


def opened(reveal: Reveal) -> Revealed:
    """What is revealed, and the commitment that would follow from it: base64url of HMAC-SHA256.

    Raises:
        InvalidArgument: it is no key.
    """
    try:
        key = base64.urlsafe_b64decode(reveal.commitment_key + "=" * (-len(reveal.commitment_key) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != hashlib.sha256().digest_size:
        raise InvalidArgument("This is no key of a commitment.", details={"field": "reveal.commitment_key"})
    made = hmac.new(key, reveal.plaintext.encode(), hashlib.sha256).digest()
    return Revealed(plaintext=reveal.plaintext, commitment=base64.urlsafe_b64encode(made).decode().rstrip("="))
