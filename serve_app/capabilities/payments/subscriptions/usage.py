"""What is used of subscriptions: each operation at both doors."""

from collections.abc import Iterator
from typing import Any, Final

from actors.payments.subscription.answers import SubscriptionReply
from actors.payments.subscription.commands import (
    CommitUsage,
    RecordUsage,
    ReleaseUsage,
    ReserveUsage,
    ReverseUsage,
)
from actors.payments.subscription.usage import feature_of, included, overage, remaining, reserved_of, used_in
from common.clock import Clock, to_rfc3339
from common.errors import PermissionDenied
from common.timeline import HOUR_MS, parse_instant
from serve_app.capabilities.payments.subscriptions import requests
from serve_app.capabilities.payments.subscriptions.service import Subscriptions
from serve_app.capabilities.payments.subscriptions.showing import (
    ID,
    LIMIT,
    METRICS,
    PATH,
    SUBSCRIPTION,
    USE,
    about,
    declared,
    door,
    shown,
)
from serve_app.edge.operation import Caller, Example, Operation, Result

_KEPT_MS: Final = 24 * HOUR_MS


class UsageOperations:
    """Of one process."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock) -> None:
        self._subscriptions, self._clock = subscriptions, clock

    def __iter__(self) -> Iterator[Operation[Any]]:

        path = f"{PATH}/usage"
        used, of_use = Example(USE, SUBSCRIPTION), Example({**ID, "usage_id": "use_1"}, SUBSCRIPTION)
        record, one = requests.RecordUsageBody, requests.OfUsage
        for name, rest, call in (
            ("record_usage", door("POST", path), self._record),
            ("reserve_usage", door("POST", f"{path}/reserve"), self._reserve),
        ):
            yield declared(
                name, "usage.record", request=record, call=call, rest=rest, response=SubscriptionReply, example=used
            )
        for name, rest, command in (
            ("commit_usage", door("POST", f"{path}/commit"), CommitUsage),
            ("release_usage", door("POST", f"{path}/release"), ReleaseUsage),
            ("reverse_usage", door("DELETE", f"{path}/{{usage_id}}"), ReverseUsage),
        ):
            yield declared(
                name,
                "usage.record",
                request=one,
                call=self._using(command),
                rest=rest,
                response=SubscriptionReply,
                example=of_use,
            )
        yield declared(
            "usage_metrics",
            "subscription.read",
            request=requests.UsageMetrics,
            call=self._metrics,
            rest=door("GET", path),
            response=requests.MetricsReply,
            example=Example({**ID, "feature": "sessions"}, METRICS),
        )
        yield declared(
            "check_usage_limit",
            "subscription.read",
            request=requests.CheckLimit,
            call=self._limit,
            rest=door("GET", "/api/usage/limits"),
            response=requests.LimitReply,
            example=Example({"feature": "sessions"}, LIMIT),
        )

    async def _record(self, request: requests.RecordUsageBody, caller: Caller) -> Result:
        """So much was used. The same `usage_id` counts once."""
        command = RecordUsage(
            usage_id=request.usage_id,
            feature=request.feature,
            quantity=request.quantity,
            at=parse_instant(request.at, "at") if request.at else 0,
        )
        return shown(await self._subscriptions.ask(request.subscription_id, command, caller.by, caller.trace))

    async def _reserve(self, request: requests.RecordUsageBody, caller: Caller) -> Result:
        """Keep so much for a day: committed it is used, released it is free."""
        command = ReserveUsage(
            usage_id=request.usage_id,
            feature=request.feature,
            quantity=request.quantity,
            until=self._clock.platform_ms() + _KEPT_MS,
        )
        return shown(await self._subscriptions.ask(request.subscription_id, command, caller.by, caller.trace))

    def _using(self, command: type[CommitUsage] | type[ReleaseUsage] | type[ReverseUsage]) -> Any:
        async def use(request: requests.OfUsage, caller: Caller) -> Result:
            asked = command(request.usage_id)
            return shown(await self._subscriptions.ask(request.subscription_id, asked, caller.by, caller.trace))

        use.__doc__ = command.__doc__
        return use

    async def _metrics(self, request: requests.UsageMetrics, caller: Caller) -> Result:
        """What was used of a feature, recomputed from the uses themselves."""
        record = (await self._subscriptions.read(request.subscription_id, caller.by)).record
        feature = feature_of(record.plan, request.feature)
        since = parse_instant(request.since, "from") if request.since else record.period_start
        until = parse_instant(request.until, "to") if request.until else record.period_end
        used, within = used_in(record, request.feature, since, until), included(feature, record.quantity)
        periods = [(record.last_start, record.period_start), (record.period_start, record.period_end)]
        reply = requests.MetricsReply(
            used=used,
            included=within,
            overage=max(0, used - within),
            amount=overage(feature, within, used),
            periods=[
                requests.PeriodUsage(
                    start=to_rfc3339(start), end=to_rfc3339(end), used=used_in(record, request.feature, start, end)
                )
                for start, end in periods
                if start
            ],
        )
        return about(record, reply)

    async def _limit(self, request: requests.CheckLimit, caller: Caller) -> Result:
        """Whether more of a feature may be used."""
        client = request.client_id or caller.by.user
        if client != caller.by.user and caller.by.role != "admin":
            raise PermissionDenied("This is somebody else's.")
        record, now = await self._subscriptions.with_feature(client, request.feature), self._clock.platform_ms()
        feature = feature_of(record.plan, request.feature)
        left = remaining(record, feature, now)
        reply = requests.LimitReply(
            allowed=not record.suspended and (left > 0 or feature.limit != "hard"),
            used=used_in(record, request.feature, record.period_start, record.period_end),
            reserved=reserved_of(record, request.feature, now),
            included=included(feature, record.quantity),
            remaining=left,
            limit=feature.limit,
            resets_at=to_rfc3339(record.period_end),
        )
        return about(record, reply)
