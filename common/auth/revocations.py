"""Revocations: a session, a single token, or what a user's tokens said until now. Pure.

A revocation is a fact about tokens that were good; whoever verified a token asks `refusal` of every revocation that
names its user, and again of each that comes later, for as long as the bearer stays connected.
"""

from dataclasses import dataclass

from common.auth.tokens import Verified
from common.errors import TokenExpired, Unauthenticated


@dataclass(frozen=True, slots=True)
class Revocation:
    """One of: a `session`, a `token` (its `jti`), or (with neither) all of the user's, as far as they are older.

    `epoch`: tokens of our own sessions below it are void (their role is not the present one). `before_ms`: so is
    every token issued up to then that belongs to no session of ours. `blocked`: all of them, old and new.
    """

    user: str
    session: str = ""
    token: str = ""
    blocked: bool = False
    epoch: int = 0
    before_ms: int = 0

    @property
    def key(self) -> str:
        """Its identity: of two with the same key, the later one counts."""
        if self.session:
            return f"session:{self.session}"
        return f"token:{self.token}" if self.token else f"user:{self.user}"


def keys_of(verified: Verified) -> list[str]:
    """The keys under which there may be something against this token."""
    keys = [f"user:{verified.user}"]
    if verified.session:
        keys.append(f"session:{verified.session}")
    if verified.jti:
        keys.append(f"token:{verified.jti}")
    return keys


def revocation_refusal(verified: Verified, revocation: Revocation) -> Unauthenticated | None:
    """Why the token is not good any more, if this revocation is about it. `TokenExpired`: a fresh one would be."""
    if revocation.user != verified.user:
        return None
    if revocation.session or revocation.token:
        mine = revocation.session == verified.session if revocation.session else revocation.token == verified.jti
        return Unauthenticated("This session has ended. Sign in again.", reason="revoked") if mine else None
    if revocation.blocked:
        return Unauthenticated("This account cannot be used. Ask the people who run this service.", reason="blocked")
    stale = verified.epoch < revocation.epoch if verified.session else verified.issued_ms <= revocation.before_ms
    return TokenExpired("Your rights have changed. Refresh your token.", reason="stale") if stale else None
