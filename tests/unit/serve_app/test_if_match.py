"""What has a version is changed as it was read, or not at all: `If-Match` at REST, `version` at sockets."""

from collections.abc import Generator, Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.payments.bill.commands import DisputeView, ReadDispute
from actors.payments.payer.commands import PayerView, ReadPayer
from config.settings import Settings
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import ApiContext
from serve_app.catalogue import CAPABILITIES, operations_of
from serve_app.cluster.blueprint import api_context
from serve_app.edge.operation import Caller, Operation, version_meant
from tests.unit.calendars.samples import sample

_MAKES: Final = "makes one that is not there yet"
_COUNTS: Final = "uses add up in any order, each counted once by its usage_id"
_LIVE: Final = "about whoever is in the room by now, whatever the version has become with those who came and went"
_RECORDED: Final = "about a recording, which has no version"
_TALK: Final = "stands beside the assignment in a record of its own: nothing that was read is overwritten"
_PAYS: Final = "may name the amount that was seen, and is refused where that is another by now"
_TOKEN: Final = "about the token of a feed, which the calendar does not show"  # words
DO_NOT: Final = {
    "accept_offer": _MAKES,
    "admit_participant": _LIVE,
    "admit_participants": _LIVE,
    "allow_screen": _LIVE,
    "allow_unmute": _LIVE,
    "answer_clarification": _TALK,
    "ask_unmute": _LIVE,
    "bill_session": _MAKES,
    "commit_usage": _COUNTS,
    "create_bill": _MAKES,
    "create_discount": _MAKES,
    "create_meeting": _MAKES,
    "create_plan": _MAKES,
    "create_subscription": _MAKES,
    "create_video_room": "again: the same room",
    "create_worksheet": _MAKES,
    "delete_feedback": _TALK,
    "deny_participant": _LIVE,
    "edit_feedback": _TALK,
    "end_video_room": _LIVE,
    "evaluate_worksheet": "changes nothing",
    "generate_invoice": "bills once what waits, whatever else has changed",
    "give_feedback": _TALK,
    "import_calendar": "takes the place of all that the same source brought before, and of nothing else",
    "import_response": _MAKES,
    "join_video_room": _LIVE,
    "kick_participant": _LIVE,
    "leave_video_room": _LIVE,
    "make_calendar_feed_token": _TOKEN,
    "meeting_offer": _LIVE,
    "mute_participant": _LIVE,
    "preview_subscription": "changes nothing",
    "process_booking_payment": _PAYS,
    "process_payment": _PAYS,
    "readmit_participant": _LIVE,
    "record_usage": _COUNTS,
    "refresh_ticket": _LIVE,
    "refund_booking_payment": "gives back at most what was paid, known by its own id",
    "release_usage": _COUNTS,
    "report_quality": _LIVE,
    "request_booking": _MAKES,
    "request_clarification": _TALK,
    "reserve_usage": _COUNTS,
    "resolve_clarification": _TALK,
    "retry_payment": _PAYS,
    "reverse_usage": _COUNTS,
    "revoke_calendar_feed_token": _TOKEN,
    "save_draft": "is merged at the `base` that it names, a number of the draft alone",
    "send_reminder": "sends one, and changes nothing of the booking",
    "send_to_lobby": _LIVE,
    "set_media": _LIVE,
    "set_participant_role": _LIVE,
    "set_tier": "about one client, whom the tariff does not show",
    "share_screen": _LIVE,
    "start_recording": _RECORDED,
    "stop_recording": _RECORDED,
    "stop_screen": _LIVE,
    "submit_assignment": "hands in what the draft holds, once",
    "subscribe_tracks": _LIVE,
    "track_progress": _TALK,
}
"""Writes beside a read with an `ETag` that do not obey `If-Match`, and why."""
READ_FIRST: Final = {
    "change_subscription_method",
    "erase_customer",
    "hand_off_emergency",
    "reschedule_booking",
    "set_superbill",
    "transfer_booking",
    "update_bill",
    "update_discount",
    "update_plan",
    "update_subscription",
    "update_worksheet",
}
"""They look at more than anybody answers here before they ask for the change."""


READ: Final[dict[type[msgspec.Struct], msgspec.Struct]] = {
    ReadPayer: msgspec.structs.replace(sample(PayerView), profile=None),
    ReadDispute: msgspec.structs.replace(sample(DisputeView), written={}),
}


class Asked(Exception):
    """Something was asked with these `versions`."""


class Anything:
    """What a running process would have, and all that it would answer."""

    def __getattr__(self, name: str) -> "Anything":
        return self

    def __getitem__(self, name: object) -> "Anything":
        return self

    def __call__(self, *_: object, **__: object) -> "Anything":
        return self

    def __await__(self) -> Generator[None, None, "Anything"]:
        return self
        yield

    def __iter__(self) -> Iterator["Anything"]:
        return iter(())

    def __bool__(self) -> bool:
        return False


class Shards(Anything):
    """They answer what is read of payers and disputes; the first command that may name versions is raised."""

    async def submit(self, entity: str, command: msgspec.Struct, **_: object) -> Reply | Anything:
        if "versions" in command.__struct_fields__:
            raise Asked(getattr(command, "versions"))  # noqa: B009 # not of every Struct
        view = READ.get(type(command))
        return Anything() if view is None else Reply(msgspec.json.encode(view), 7, False)

    ask = submit


@cache
def every() -> tuple[Operation[Any], ...]:
    context = api_context(Settings())
    absent = {one.name for one in fields(ApiContext) if type(getattr(context, one.name)) is type(context.census)}
    there: dict[str, Any] = {name: Anything() for name in absent} | {"region": Shards()}
    context = replace(context, **there)
    return tuple(one for capability in CAPABILITIES for one in operations_of(capability, context))


def reads(one: Operation[Any]) -> bool:
    return one.rest is not None and one.rest.method == "GET"


def beside_a_tag() -> list[Operation[Any]]:
    """Writes at the address of a read that has a tag, or below it; or that answer as one of these does."""
    tagged = [one for one in every() if reads(one) and one.versioned]
    paths = {one.rest.path for one in tagged if one.rest is not None}
    shown = {one.response for one in tagged}
    return [
        one
        for one in every()
        if not reads(one)
        and (one.response in shown or (one.rest and any(f"{one.rest.path}/".startswith(f"{path}/") for path in paths)))
    ]


OBEY: Final = sorted(one.name for one in every() if one.versioned and not reads(one))


def test_every_write_of_what_has_a_tag_obeys_it_or_says_why_not() -> None:
    deaf = {one.name for one in beside_a_tag() if not one.versioned}
    assert deaf == DO_NOT.keys()


def test_what_obeys_at_rest_takes_a_version_at_sockets() -> None:
    assert {name for name in OBEY if "version" not in named(name).request.__struct_fields__} == set()


CASES: Final = [(name, door) for name in OBEY if name not in READ_FIRST for door in ("header", "member")]
CASES.remove(("update_calendar", "member"))  # what was read may be put as it is: its version counts bookings too


@pytest.mark.parametrize(("name", "door"), CASES)
async def test_the_versions_that_a_change_is_meant_for_reach_the_entity(
    name: str, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AuditRecord, "append", Anything())
    operation = named(name)
    assert operation.example is not None
    sent = dict(operation.example.request)
    request = msgspec.convert(sent | ({"version": 7} if door == "member" else {}), operation.request)
    if_match = '"7"' if door == "header" else version_meant(request)
    with pytest.raises(Asked) as asked:
        await operation.call(request, Caller(Principal("ann", "admin"), "", idempotency_key="once", if_match=if_match))
    assert asked.value.args == ((7,),)


def named(name: str) -> Operation[Any]:
    return next(one for one in every() if one.name == name)
