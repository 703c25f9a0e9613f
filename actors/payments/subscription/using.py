"""Usage of a subscription: each use counts once, whatever is repeated. Pure: rules change a `SubscriptionDraft`."""

from typing import TypeVar

from actors.payments.subscription.billing import SubscriptionDraft, require_status
from actors.payments.subscription.commands import (
    CommitUsage,
    RecordUsage,
    ReleaseUsage,
    ReserveUsage,
    ReverseUsage,
)
from actors.payments.subscription.state import LIVE, Extra, ReservedUnits, UsageRecord
from actors.payments.subscription.usage import feature_of, included, late, require_left, used_in
from common.errors import FailedPrecondition

UsageCommand = RecordUsage | ReverseUsage | ReserveUsage | CommitUsage | ReleaseUsage
T = TypeVar("T")


def use(change: SubscriptionDraft, command: UsageCommand) -> None:
    """A use is recorded, taken back, kept, or what was kept is used or free.

    Raises:
        NotFound: the plan has no such feature.
        FailedPrecondition: a limit is reached, its period is closed, or the subscription is not live.
    """
    record, now = change.record, change.now
    match command:
        case RecordUsage():
            if command.usage_id in record.used:
                return
            feature = feature_of(record.plan, command.feature)
            at = command.at or now
            if at > now or at < (record.last_start or record.period_start):
                raise FailedPrecondition("Its period is closed.", details={"reason": "period_closed"})
            require_status(record, *LIVE)
            if at >= record.period_start:
                require_left(record, feature, command.quantity, now)
            used = {
                **record.used,
                command.usage_id: UsageRecord(feature=command.feature, quantity=command.quantity, at=at),
            }
            _used(change, used, command.feature)
        case ReverseUsage():
            if (one := record.used.get(command.usage_id)) is not None:
                _used(change, _without(record.used, command.usage_id), one.feature, "usage_reversed")
        case ReserveUsage():
            if command.usage_id in record.reserved or command.usage_id in record.used:
                return
            require_status(record, *LIVE)
            if record.suspended:
                raise FailedPrecondition("It is suspended until it is paid.", details={"reason": "suspended"})
            feature = feature_of(record.plan, command.feature)
            require_left(record, feature, command.quantity, now, always=command.included)
            kept = {id_: one for id_, one in record.reserved.items() if one.until > now}
            kept[command.usage_id] = ReservedUnits(
                feature=command.feature, quantity=command.quantity, until=command.until
            )
            change.set("usage_reserved", reserved=kept)
        case CommitUsage():
            if (held := record.reserved.get(command.usage_id)) is not None:
                change.set("usage_committed", reserved=_without(record.reserved, command.usage_id))
                one = UsageRecord(feature=held.feature, quantity=held.quantity, at=now)
                _used(change, {**record.used, command.usage_id: one}, held.feature)
        case ReleaseUsage():
            if command.usage_id in record.reserved:
                change.set("usage_released", reserved=_without(record.reserved, command.usage_id))


def _used(change: SubscriptionDraft, used: dict[str, UsageRecord], name: str, word: str = "usage_recorded") -> None:
    """Other uses: what belongs to the last period corrects its bill on the next."""
    record = change.record
    feature = feature_of(record.plan, name)
    before = used_in(record, name, record.period_start, record.period_end)
    wrong = late(record, feature, record.used, used)
    extras = record.extras
    if wrong:
        extras = (*extras, Extra(what="usage", amount=wrong, start=record.last_start, end=record.period_start))
    change.set(word, used=used, extras=extras)
    after = used_in(change.record, name, record.period_start, record.period_end)
    if before < included(feature, record.quantity) <= after:
        change.threshold = name


def _without(values: dict[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in values.items() if key != name}
