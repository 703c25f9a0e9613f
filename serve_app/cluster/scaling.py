"""The number of gateways that there should be, and the sockets that should move: by the sockets that each holds.

Serve asks the policy about once a second, and waits itself until its wish has lasted for `upscale_delay_s` or
`downscale_delay_s`. A gateway that is taken away drains first.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from ray.serve.config import AutoscalingConfig, AutoscalingContext, AutoscalingPolicy

from config.settings import GatewaySettings

SOCKETS: Final = "sockets"  # the figure that each gateway reports
_FULL_ENOUGH: Final = 0.8  # of the target, that the others may hold after one is taken away
_SLACK: Final = 0.2  # above the mean, which is left alone
_LEAST: Final = 5  # sockets that are worth being moved
_AT_ONCE: Final = 25  # sockets that may be asked to move in one round,
_SHARE_AT_ONCE: Final = 0.1  # or this part of all, if that is more
_LOOK_BACK_S: Final = 12.0  # a little more than Serve's 10 s between two reports; one figure is taken each fifth of it


def gateways_wanted(sockets: Sequence[float], running: int, target: int) -> int:
    """Gateways for these sockets, at `target` each. `sockets` of those of the `running` ones that have reported.

    Fewer only where those left would be at most 80 % full, so that the next few sockets do not bring one back; and
    never while one has not reported, because what it holds is not known.
    """
    total = sum(sockets)
    if (needed := max(1, ceil(total / target))) > running:
        return needed
    if len(sockets) < running:
        return running
    return min(running, max(1, ceil(total / (target * _FULL_ENOUGH))))


def to_move(mine: int, others: Sequence[int]) -> int:
    """Sockets that a gateway should send elsewhere now, so that one that has joined gets its share.

    Nothing while it is within 20 % of the mean. Few at once, because those who leave come back anywhere, here too.
    """
    mean = (mine + sum(others)) / (1 + len(others))
    excess = int(mine - mean)
    if excess < _LEAST or mine <= mean * (1 + _SLACK):
        return 0
    return min(excess, max(_AT_ONCE, int(mine * _SHARE_AT_ONCE)))


class SocketPolicy:
    """The policy as Serve calls it. Bounds and delays are Serve's part."""

    def __init__(self, target: int) -> None:
        self.target = target

    def __call__(self, context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
        """Gateways wanted, and the state to keep: none."""
        reports = (context.raw_metrics or {}).get(SOCKETS, {})
        latest = [float(series[-1].value) for series in reports.values() if series]
        return gateways_wanted(latest, context.current_num_replicas, self.target), {}


def replicas_of(settings: GatewaySettings) -> dict[str, Any]:
    """The part of the deployment's options that says how many: a number, or bounds and the policy between them."""
    if not settings.elastic:
        return {"num_replicas": settings.replicas}
    return {
        "autoscaling_config": AutoscalingConfig(
            min_replicas=settings.replicas,
            max_replicas=settings.max_replicas or settings.replicas,
            upscale_delay_s=settings.upscale_delay_s,
            downscale_delay_s=settings.downscale_delay_s,
            look_back_period_s=_LOOK_BACK_S,
            policy=AutoscalingPolicy(  # type: ignore[no-untyped-call] # Ray's own
                policy_function=SocketPolicy, policy_kwargs={"target": settings.sockets_per_replica}
            ),
        )
    }
