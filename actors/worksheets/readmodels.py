"""The read models of assignments and of what was handed in: found by whose they are, by worksheet, and in time. What
was written is sealed under the client's key."""

from typing import Final

import msgspec

from actors.worksheets.assignment.contents import Submission
from actors.worksheets.assignment.records import AssignmentRecord, Handed
from actors.worksheets.assignment.shown import ShownSubmission
from common.clock import to_rfc3339
from store.ports.views import Index, Scalar, View

ASSIGNMENTS: Final = "assignments"
SUBMISSIONS: Final = "submissions"
READERS: Final = "worksheet_readers"
EVERYBODY: Final = ""
INDEXES: Final = (
    Index(ASSIGNMENTS, ("user", "assignment")),
    Index(ASSIGNMENTS, ("user", "client", "assignment")),
    Index(ASSIGNMENTS, ("user", "due")),
    Index(ASSIGNMENTS, ("worksheet", "user", "place")),
    Index(SUBMISSIONS, ("client", "place")),
    Index(SUBMISSIONS, ("worksheet", "place")),
    Index(READERS, ("user", "worksheet")),
)
NEVER: Final = 9_999_999_999_999
_pack: Final = msgspec.msgpack.Encoder().encode


class AssignmentRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An assignment in a list: all but its title, which is sealed."""

    record: AssignmentRecord
    version: int


class SubmissionFacts(msgspec.Struct, frozen=True, array_like=True):
    """What of a submission is in the clear."""

    at: int
    late: bool
    minutes: int
    attempt: int
    by: str
    source: str


class HandedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A submission in the read model."""

    facts: SubmissionFacts
    content: Submission


_listed: Final = msgspec.msgpack.Decoder(AssignmentRow).decode
_facts: Final = msgspec.msgpack.Decoder(SubmissionFacts).decode
_submission: Final = msgspec.msgpack.Decoder(Submission).decode


def assignment_views(record: AssignmentRecord, version: int, title: str) -> list[View]:
    """An assignment in the read model: for its client, for its therapist, and ("") for figures, without a title."""
    data = _pack(AssignmentRow(record=record, version=version))
    secret = title.encode()
    found = [
        _assignment(record=record, version=version, user=user, data=data, secret=secret)
        for user in (record.client, record.therapist)
    ]
    return [*found, _assignment(record=record, version=version, user=EVERYBODY, data=b"", secret=None)]


def reader_view(record: AssignmentRecord) -> View:
    """That somebody was given a worksheet, and so may read it."""
    fields: dict[str, Scalar] = {"user": record.client, "worksheet": record.worksheet}
    return View(READERS, reader_id(record.client, record.worksheet), 1, fields)


def reader_id(user: str, worksheet: str) -> str:
    """The id of that document."""
    return f"{user}|{worksheet}"


def submission_view(record: AssignmentRecord, handed: Handed, minutes: int, content: bytes | None) -> View:
    """What was handed in. `content` is a packed `Submission`."""
    fields: dict[str, Scalar] = {
        "assignment": record.id,
        "client": record.client,
        "therapist": record.therapist,
        "worksheet": record.worksheet,
        "worksheet_version": record.worksheet_version,
        "instrument": record.instrument,
        "place": f"{handed.at:015d}/{record.id}/{handed.version}",
        "submission": handed.id,
        "version": handed.version,
    }
    data = _pack(
        SubmissionFacts(
            at=handed.at, late=handed.late, minutes=minutes, attempt=handed.attempt, by=handed.by, source=record.source
        )
    )
    return View(
        collection=SUBMISSIONS, id=f"{record.id}#{handed.version}", version=1, fields=fields, data=data, secret=content
    )


def listed(view: View) -> tuple[AssignmentRow, str] | None:
    """The inverse of `assignment_views`, with the title opened. None: the client was erased."""
    return None if view.secret is None else (_listed(view.data), view.secret.decode())


def handed_in(view: View) -> HandedIn | None:
    """The inverse of `submission_view`. None: the client was erased."""
    if view.secret is None:
        return None
    return HandedIn(facts=_facts(view.data), content=_submission(view.secret))


def submission_shown(view: View, found: HandedIn) -> ShownSubmission:
    """A submission as people see it."""
    facts, content, fields = found.facts, found.content, view.fields
    return ShownSubmission(
        submission_id=str(fields["submission"]),
        assignment_id=str(fields["assignment"]),
        version=_number(fields["version"]),
        attempt=facts.attempt,
        worksheet_version=_number(fields["worksheet_version"]),
        answers=content.answers,
        notes=content.notes,
        rows=content.rows,
        scores=content.scores,
        alerts=content.alerts,
        late=facts.late,
        submitted_at=to_rfc3339(facts.at),
        submitted_by=facts.by,
        source=facts.source or None,
    )


def _number(value: Scalar) -> int:
    return value if isinstance(value, int) else 0


def _assignment(record: AssignmentRecord, version: int, user: str, data: bytes, secret: bytes | None) -> View:
    due = NEVER if record.due is None else record.due.at
    fields: dict[str, Scalar] = {
        "user": user,
        "assignment": record.id,
        "client": record.client,
        "therapist": record.therapist,
        "worksheet": record.worksheet,
        "worksheet_version": record.worksheet_version,
        "status": record.status,
        "due": f"{due:015d}/{record.id}",
        "place": f"{record.created:015d}/{record.id}",
        "at": record.created,
    }
    return View(
        collection=ASSIGNMENTS, id=f"{record.id}/{user}", version=version, fields=fields, data=data, secret=secret
    )
