"""Every operation of notifications. The rules are in `actors.notifications`."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from actors.notifications.notifier import answers, commands
from actors.notifications.types import TYPES
from common.clock import Clock
from common.errors import Conflict, FailedPrecondition, InvalidArgument, RateLimited
from common.timeline import parse_instant
from serve_app.capabilities.notifications import examples, requests
from serve_app.capabilities.notifications.bulk import bulk_operation
from serve_app.capabilities.notifications.service import Notifications, notification_in
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

if TYPE_CHECKING:
    from realtime.front.handlers import Limit

_TAG: Final = "notifications"
_CURSOR: Final = re.compile(r"n([0-9]{1,15})")
_ROOT: Final = "/api/notifications"
_ONE: Final = f"{_ROOT}/{{notification_id}}"


class TypeChannels(msgspec.Struct, frozen=True):
    """Where a type is told, unless somebody chose otherwise."""

    in_app: bool
    push: bool
    email: bool


class TypeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A type of notifications."""

    type: str
    category: str
    priority: str
    channels: TypeChannels
    locked: bool


class TypeList(msgspec.Struct, frozen=True):
    """All of them."""

    types: list[TypeLine]


def notification_operations(service: Notifications, clock: Clock) -> Iterator[Operation[Any]]:
    """Section "Notifications" of the contract."""
    yield from _creating(service)
    yield bulk_operation(service)
    yield from _reading(service)
    yield from _choosing(service, clock)  # before those of one notification: `preferences` is none's id
    yield from _marking(service)


def _creating(service: Notifications) -> Iterator[Operation[Any]]:
    async def create(request: requests.NewNotification, caller: Caller) -> answers.NotificationAnswer:
        told = await service.create(request, by=caller.by, trace=caller.trace, key=caller.idempotency_key)
        return answers.NotificationAnswer(notification_in(told))

    yield Operation(
        name="create_notification",
        action="notification.create",
        request=requests.NewNotification,
        call=create,
        rest=Rest("POST", _ROOT, status=201, tag=_TAG),
        limit="write",
        response=answers.NotificationAnswer,
        resource=("user_id",),
        refuses=(RateLimited, FailedPrecondition),
        example=examples.CREATE,
        description="Tell a person something. Administrators; therapists tell people in their care announcements, 60 "
        "an hour. The same `dedupe_key` for a person is one notification for 7 days.",
    )


def _reading(service: Notifications) -> Iterator[Operation[Any]]:
    async def types(_: requests.ListTypes, __: Caller) -> TypeList:
        return TypeList(
            [
                TypeLine(
                    type=one.type,
                    category=one.category,
                    priority=one.priority,
                    channels=TypeChannels(in_app=True, push=one.push, email=one.email),
                    locked=one.locked,
                )
                for one in TYPES.values()
            ]
        )

    async def listed(request: requests.ListNotificationsRequest, caller: Caller) -> answers.NotificationPage:
        command = commands.ListNotifications(
            unread=request.unread,
            category=request.category or "",
            name=request.type or "",
            archived=request.archived,
            below=below_of(request.cursor),
            limit=request.limit,
        )
        return await service.ask(caller.by.user, command, by=caller.by, trace=caller.trace)

    yield Operation(
        name="list_notification_types",
        action="notification.types",
        request=requests.ListTypes,
        call=types,
        rest=Rest("GET", f"{_ROOT}/types", tag=_TAG),
        limit="read",
        response=TypeList,
        example=examples.TYPES,
        description="Which types there are, and where each is told unless somebody chose otherwise.",
    )
    yield _asked(
        service=service,
        name="unread_count",
        action="notification.read",
        request=requests.UnreadCount,
        command=lambda _: commands.CountUnread(),
        rest=Rest("GET", f"{_ROOT}/unread", tag=_TAG),
        response=answers.UnreadCounts,
        example=examples.COUNT,
        description="How many of one's own are unread, in all and by category.",
    )
    yield Operation(
        name="list_notifications",
        action="notification.read",
        request=requests.ListNotificationsRequest,
        call=listed,
        rest=Rest("GET", _ROOT, tag=_TAG),
        limit="read",
        response=answers.NotificationPage,
        example=examples.LIST,
        description="One's own, newest first. `unread` of the answer counts all.",
    )


def _marking(service: Notifications) -> Iterator[Operation[Any]]:
    yield _asked(
        service=service,
        name="read_notifications",
        action="notification.mark",
        request=requests.ReadNotifications,
        command=lambda request: commands.ReadSeveral(tuple(request.ids)),
        rest=Rest("POST", f"{_ROOT}/read", tag=_TAG),
        response=answers.ReadSome,
        example=examples.READ_SEVERAL,
        description="Read these. What there is not, is left out.",
    )
    yield _asked(
        service=service,
        name="read_all_notifications",
        action="notification.mark",
        request=requests.ReadAllNotifications,
        command=lambda request: commands.ReadAll(request.up_to, request.category or ""),
        rest=Rest("POST", f"{_ROOT}/read-all", tag=_TAG),
        response=answers.ReadUpTo,
        example=examples.READ_ALL,
        description="Read all up to a `seq`, of one category or of all. What comes meanwhile stays unread.",
    )
    marks: list[tuple[str, Literal["read", "unread", "archived"], str, Example, str]] = [
        ("read_notification", "read", "read", examples.READ, "It has been read, on every device."),
        ("unread_notification", "unread", "unread", examples.UNREAD, "It is unread again."),
        ("archive_notification", "archived", "archive", examples.ARCHIVE, "It is read, and out of the way."),
    ]
    for name, how, path, example, description in marks:
        yield _asked(
            service=service,
            name=name,
            action="notification.mark",
            request=requests.MarkNotification,
            command=lambda request, how=how: commands.Mark(request.notification_id, how),
            rest=Rest("POST", f"{_ONE}/{path}", tag=_TAG),
            response=answers.NotificationAnswer,
            example=example,
            description=description,
            refuses=(FailedPrecondition,),
        )
    yield _asked(
        service=service,
        name="snooze_notification",
        action="notification.mark",
        request=requests.SnoozeNotification,
        command=lambda request: commands.Mark(
            request.notification_id, "snoozed", parse_instant(request.until, "until")
        ),
        rest=Rest("POST", f"{_ONE}/snooze", tag=_TAG),
        response=answers.NotificationAnswer,
        example=examples.SNOOZE,
        description="It is out of the way until then, and comes back unread.",
    )
    yield _asked(
        service=service,
        name="get_notification",
        action="notification.read",
        request=requests.OfNotification,
        command=lambda request: commands.GetNotification(request.notification_id),
        rest=Rest("GET", _ONE, tag=_TAG),
        response=answers.NotificationAnswer,
        example=examples.GET,
        description="One of one's own.",
    )


def _choosing(service: Notifications, clock: Clock) -> Iterator[Operation[Any]]:
    async def get(_: requests.GetPreferencesRequest, caller: Caller) -> Result:
        found = await service.ask(caller.by.user, commands.GetPreferences(), by=caller.by, trace=caller.trace)
        return Result(found, version=found.version)

    async def update(request: requests.UpdatePreferences, caller: Caller) -> Result:
        wanted = caller.versions
        command = commands.SetPreferences(
            tz=request.tz,
            locale=request.locale,
            channels=request.channels,
            types=request.types,
            preview=request.preview,
            rooms=request.rooms,
            muted=_muted(request.muted),
            quiet_hours=request.quiet_hours,
            digest=request.digest,
            versions=None if isinstance(wanted, msgspec.UnsetType) else wanted,
        )
        found = await service.ask(caller.by.user, command, by=caller.by, trace=caller.trace)
        return Result(found, version=found.version)

    async def deliveries(request: requests.OfNotification, caller: Caller) -> answers.DeliveriesAnswer:
        return await service.deliveries(request.notification_id, by=caller.by, trace=caller.trace)

    yield Operation(
        name="get_notification_preferences",
        action="notification.choose",
        request=requests.GetPreferencesRequest,
        call=get,
        rest=Rest("GET", f"{_ROOT}/preferences", tag=_TAG),
        limit="read",
        response=answers.PreferencesAnswer,
        example=examples.GET_PREFERENCES,
        description="Where and when one is told what. `tz` and `locale` are those of the device that registered last, "
        "until one chooses.",
        versioned=True,
    )
    yield Operation(
        name="update_notification_preferences",
        action="notification.choose",
        request=requests.UpdatePreferences,
        call=update,
        rest=Rest("PUT", f"{_ROOT}/preferences", tag=_TAG),
        limit="write",
        response=answers.PreferencesAnswer,
        refuses=(Conflict, FailedPrecondition),
        example=examples.UPDATE_PREFERENCES,
        description="Change what is in the body; the rest stays. What is held back is judged again.",
        versioned=True,
    )
    yield _asked(
        service=service,
        name="explain_notification",
        action="notification.choose",
        request=requests.ExplainNotification,
        command=lambda request: commands.Explain(
            name=request.type,
            channel=request.channel,
            priority=request.priority,
            at_ms=_at(request.at, clock),
        ),
        rest=Rest("POST", f"{_ROOT}/explain", tag=_TAG),
        response=answers.PlanAnswer,
        example=examples.EXPLAIN,
        description="What would happen to a notification of this type, and why, if nobody saw it elsewhere.",
    )
    yield Operation(
        name="list_deliveries",
        action="notification.trace",
        request=requests.OfNotification,
        call=deliveries,
        rest=Rest("GET", f"{_ONE}/deliveries", tag=_TAG),
        limit="read",
        response=answers.DeliveriesAnswer,
        resource=("notification_id",),
        example=examples.DELIVERIES,
        description="What became of a notification on each channel, and why.",
    )


def _asked(
    service: Notifications,
    name: str,
    action: str,
    request: type[Any],
    command: Any,
    rest: Rest,
    response: type[msgspec.Struct],
    example: Example,
    description: str,
    *,
    refuses: tuple[type[Any], ...] = (),
) -> Operation[Any]:
    """An operation that is one command to the caller's own notifier."""

    async def call(asked: Any, caller: Caller) -> Any:
        return await service.ask(caller.by.user, command(asked), by=caller.by, trace=caller.trace)

    limit: Limit = "read" if rest.method == "GET" or name == "explain_notification" else "write"
    resource = ("notification_id",) if "notification_id" in request.__struct_fields__ else ()
    return Operation(
        name=name,
        action=action,
        request=request,
        call=call,
        rest=rest,
        limit=limit,
        response=response,
        resource=resource,
        refuses=refuses,
        example=example,
        description=description,
    )


def below_of(cursor: str | None) -> int:
    """The number that a cursor names; 0: none. Raises InvalidArgument: nobody gave it out."""
    if cursor is None:
        return 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})
    return int(match[1])


def _muted(muted: dict[str, str | None] | None) -> dict[str, int | None] | None:
    if muted is None:
        return None
    return {user: None if until is None else parse_instant(until, "muted") for user, until in muted.items()}


def _at(at: str | None, clock: Clock) -> int:
    return clock.platform_ms() if at is None else parse_instant(at, "at")
