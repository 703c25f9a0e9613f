"""Where a request comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Where a request comes from: address, user agent, and its id."""

    address: str = ""
    agent: str = ""
    request: str = ""
