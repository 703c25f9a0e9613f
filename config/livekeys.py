"""Keys with which money is moved: where one is set, nobody plays with time."""

import re
from collections.abc import Mapping
from typing import Final

_LIVE: Final = re.compile(r"\s*(sk_live_|rk_live_|rzp_live_)")  # Stripe's secret and restricted keys; Razorpay's


def live_key_among(variables: Mapping[str, str | None]) -> str | None:
    """The name of a variable that holds a live key of a payment provider, if there is one."""
    return next((name for name, value in variables.items() if value is not None and _LIVE.match(value)), None)
