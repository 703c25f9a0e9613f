"""A record of who got an answer about whom: what the audit of reads is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.auth.tokens import Verified


@dataclass(frozen=True, slots=True)
class Observation:
    """Who (`verified`) got an answer about whom (`persons`), to what (`action` on `resource`), and whence."""

    verified: Verified
    action: str
    resource: str
    persons: Sequence[str]
    address: str
    request: str
