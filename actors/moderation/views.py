"""The read models: cases for moderators, reports for who made them, messages that are held, and what stands between
people. Ids, kinds and times alone."""

from typing import Final

import msgspec
from msgspec import UNSET

from actors.moderation.records import SEVERITIES, Case
from actors.moderation.showing import ShownCase, ShownHeld, ShownReport, ShownRestriction, held_of, report_of, shown
from store.ports.restrictions import RESTRICTIONS, against, forbid
from store.ports.views import Index, Scalar, View, Views

CASES: Final = "cases"
REPORTS: Final = "reports"
HELD: Final = "held_messages"
BLOCKS: Final = "blocks"
INDEXES: Final = (
    Index(CASES, ("order",)),
    Index(CASES, ("state", "order")),
    Index(CASES, ("assignee", "order")),
    Index(CASES, ("overdue", "order")),
    Index(CASES, ("severity", "order")),
    Index(CASES, ("subject", "order")),
    Index(REPORTS, ("by", "at")),
    Index(REPORTS, ("by", "subject", "at")),
    Index(REPORTS, ("subject", "at")),
    Index(HELD, ("held",)),
    Index(HELD, ("state", "held")),
    Index(HELD, ("sender", "held")),
)
OF_SHIELDS: Final = (
    Index(BLOCKS, ("by", "active", "user")),
    Index(RESTRICTIONS, ("user", "active", "restriction")),
    Index(RESTRICTIONS, ("active", "restriction")),
)
_encode: Final = msgspec.json.Encoder().encode
_case: Final = msgspec.json.Decoder(ShownCase).decode
_report: Final = msgspec.json.Decoder(ShownReport).decode
_held: Final = msgspec.json.Decoder(ShownHeld).decode
_restriction: Final = msgspec.json.Decoder(ShownRestriction).decode


def views_of(case: Case, version: int) -> list[View]:
    """A case in the read models."""
    fields: dict[str, Scalar] = {
        "case": case.id,
        "order": f"{case.created:013d}{case.id}",
        "kind": case.kind,
        "state": case.state,
        "severity": case.severity,
        "weight": SEVERITIES.index(case.severity),
        "assignee": case.assignee,
        "overdue": case.overdue,
        "subject": case.subject,
        "closed": case.closed,
    }
    listed = msgspec.structs.replace(shown(case, version), chain=UNSET)
    found = [View(collection=CASES, id=case.id, version=version, fields=fields, data=_encode(listed))]
    for one in case.reports:
        mine: dict[str, Scalar] = {
            "report": one.id,
            "by": one.by,
            "subject": case.subject,
            "case": case.id,
            "at": one.at,
        }
        found.append(
            View(collection=REPORTS, id=one.id, version=version, fields=mine, data=_encode(report_of(case, one)))
        )
    if (held := held_of(case)) is not None:
        about: dict[str, Scalar] = {
            "held": held.held_id,
            "sender": held.sender_id,
            "state": held.state,
            "room": held.room_id,
        }
        found.append(View(collection=HELD, id=held.held_id, version=version, fields=about, data=_encode(held)))
    return found


def case_in(view: View) -> ShownCase:
    """A case as a list shows it."""
    return _case(view.data)


def report_in(view: View) -> ShownReport:
    """A report."""
    return _report(view.data)


def held_in(view: View) -> ShownHeld:
    """A message that is held."""
    return _held(view.data)


def restriction_in(view: View) -> ShownRestriction:
    """A restriction."""
    return _restriction(view.data)


async def restricted(views: Views, user: str, scope: str, now_ms: int) -> bool:
    """Whether they may not do this, by what is stored at this moment. Raises Unavailable."""
    return forbid(await views.find(against(user)), scope, now_ms)


def block_id(by: str, user: str) -> str:
    """The document of a block."""
    return f"{by}/{user}"


def encoded(one: msgspec.Struct) -> bytes:
    """What a document shows."""
    return _encode(one)
