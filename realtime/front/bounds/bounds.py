"""Everything that bounds what clients may ask of a gateway."""

import random
from dataclasses import dataclass

from config.settings import GatewaySettings, LimitSettings
from realtime.front.bounds.admission import ConnectionAdmission
from realtime.front.bounds.inbound import Inbound
from realtime.front.bounds.limits import EventLimits
from realtime.front.bounds.strangers import Strangers
from realtime.front.hub import Hub


@dataclass(frozen=True, slots=True)
class FrontBounds:
    """Of one gateway: who may connect, what people whom nobody knows may ask, how many events come, and how many are
    under way."""

    admission: ConnectionAdmission
    strangers: Strangers
    limits: EventLimits
    inbound: Inbound


def bounds_of(hub: Hub, settings: GatewaySettings, limits: LimitSettings, dice: random.Random) -> FrontBounds:
    """Those that the settings ask for."""
    clock, deadlines, metrics = hub.clock, hub.deadlines, hub.metrics
    bounds = FrontBounds(
        ConnectionAdmission(limits, clock, metrics, dice),
        Strangers(limits, settings.auth_timeout_s, deadlines, clock, metrics=metrics),
        EventLimits(limits, clock, metrics),
        Inbound(settings, deadlines, clock),
    )
    metrics.inbound_bytes.set_function(lambda: bounds.inbound.bytes)
    return bounds
