"""MRR and churn of any time, summed by the database from the movements of subscriptions."""

from actors.payments.subscription.recurring import MOVEMENTS
from serve_app.capabilities.payments.ledger.recurring import Movements, RecurringRevenue
from store.mongo.client import Database


async def test_what_came_and_went_in_a_time_is_what_its_movements_say(mongo: Database) -> None:
    moves = [
        ("a", "EUR", 10, 12_000),
        ("b", "EUR", 20, 24_000),
        ("c", "USD", 20, 99_000),
        ("b", "EUR", 110, -24_000),
        ("d", "EUR", 120, 7_000),
        ("a", "EUR", 130, 12_000),
        ("d", "EUR", 150, -7_000),
        ("a", "EUR", 210, -24_000),
    ]
    await mongo[MOVEMENTS].insert_many(
        [
            {"f": {"subscription": who, "currency": currency, "at": at, "moved": moved}}
            for who, currency, at, moved in moves
        ]
    )
    movements = Movements(mongo)
    assert await movements.recurring(0, 5, "EUR") == RecurringRevenue(0, None)
    assert await movements.recurring(0, 100, "EUR") == RecurringRevenue(3_000, None)
    assert await movements.recurring(100, 200, "EUR") == RecurringRevenue(2_000, 0.5)
    assert await movements.recurring(200, 300, "EUR") == RecurringRevenue(0, 1.0)
    assert await movements.recurring(100, 200, "USD") == RecurringRevenue(8_250, 0.0)
