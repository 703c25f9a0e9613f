"""Features that are switched on again: start-up says what nobody was told meanwhile, and how to make up for it."""

from collections.abc import Iterable, Iterator, Mapping

from actors.kernel.contract.reactions import AnyReaction
from common.clock import to_rfc3339
from serve_app.launch.readiness import Tell
from store.mongo.switches import MongoSwitches


async def tell_switched_on(
    switches: MongoSwitches, features: Mapping[str, bool], rules: Iterable[AnyReaction], tell: Tell, *, now_ms: int
) -> None:
    """Note which features are off, and tell what was missed by those that are on again.

    Raises:
        Unavailable: the database does not answer.
    """
    off = await switches.off()
    again = {name: off[name] for name, on in features.items() if on and name in off}
    for line in _missed(again, list(rules)):
        tell(line)
    await switches.forget(again)
    await switches.note([name for name, on in features.items() if not on], now_ms=now_ms)


def _missed(again: Mapping[str, int], rules: Iterable[AnyReaction]) -> Iterator[str]:
    """A line for each rule that was not evaluated."""
    for rule in rules:
        if rule.feature in again:
            since = to_rfc3339(again[rule.feature])
            yield (
                f"{rule.feature} is on again. What happened since {since} has had no effect there; to make up for it: "
                f"carewire react {rule.name} --since {since}"
            )
