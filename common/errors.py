"""The error tree. Each class is one answer that a client may receive.

    CarewireError                 internal             500
    ├── InvalidArgument           invalid_argument     400
    ├── Unauthenticated           unauthenticated      401
    │   └── TokenExpired          token_expired        401
    ├── PermissionDenied          permission_denied    403
    ├── NotFound                  not_found            404
    ├── Conflict                  conflict             409
    │   └── AlreadyExists         already_exists       409
    ├── FailedPrecondition        failed_precondition  412
    ├── PayloadTooLarge           payload_too_large    413
    ├── RateLimited               rate_limited         429
    ├── Overloaded                overloaded           503   (retryable)
    └── Unavailable               unavailable          503   (retryable: it may have happened)

`StartupError` stands outside of it: it is for the operator at the terminal, never for a client.

A message says what the person can do next and names nobody: no name, no message text, no symptom. Ids go in
`context`, which reaches logs only. Through Ray, `str(exc)` is the remote traceback, so only `exc.message`
may leave the server.
"""

from collections.abc import Iterator
from typing import ClassVar

from typing_extensions import override


class CarewireError(Exception):
    """An answer a client may receive. `message` is safe to show; `context` goes to logs only.

    One constructor for the whole tree: Ray pickles errors between processes, and a subclass with required
    arguments of its own pickles well but cannot be unpickled. `details` is shown to the client beside the
    message (machine-readable, e.g. the field at fault); `retry_after_s` tells when to try again.
    """

    code: ClassVar[str] = "internal"  # wire contract: add codes, never rename one
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False  # may the client send the same request again?

    def __init__(
        self,
        message: str,
        *,
        details: dict[str, object] | None = None,
        retry_after_s: float | None = None,
        **context: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after_s = retry_after_s
        self.context = context

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.details, self.retry_after_s, self.context)

    def to_wire(self) -> dict[str, object]:
        """The error object of the public contract: code, message, details?, retry_after? (seconds)."""
        wire: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details is not None:
            wire["details"] = self.details
        if self.retry_after_s is not None:
            wire["retry_after"] = self.retry_after_s
        return wire


def _rebuild(
    kind: type[CarewireError],
    message: str,
    details: dict[str, object] | None,
    retry_after_s: float | None,
    context: dict[str, object],
) -> CarewireError:
    return kind(message, details=details, retry_after_s=retry_after_s, **context)


class InvalidArgument(CarewireError):
    """The request is malformed. `details.field` names the member at fault."""

    code = "invalid_argument"
    status = 400


class Unauthenticated(CarewireError):
    """No token, or one that is not ours."""

    code = "unauthenticated"
    status = 401


class TokenExpired(Unauthenticated):
    """The token was good once; a fresh one will be accepted."""

    code = "token_expired"
    status = 401


class PermissionDenied(CarewireError):
    """Known, but not allowed."""

    code = "permission_denied"
    status = 403


class NotFound(CarewireError):
    """There is no such thing, or none that the caller may know of."""

    code = "not_found"
    status = 404


class Conflict(CarewireError):
    """Somebody else was first."""

    code = "conflict"
    status = 409


class AlreadyExists(Conflict):
    """The id is in use for something else."""

    code = "already_exists"
    status = 409


class FailedPrecondition(CarewireError):
    """Legal in general, but not in the present state. The message says what would be legal."""

    code = "failed_precondition"
    status = 412


class PayloadTooLarge(CarewireError):
    """More bytes than the limit that the message names."""

    code = "payload_too_large"
    status = 413


class RateLimited(CarewireError):
    """Too much, too fast, from this caller. `retry_after_s` says when."""

    code = "rate_limited"
    status = 429
    retryable = True


class Overloaded(CarewireError):
    """The server is busy; nothing was done. `retry_after_s` says when to try again."""

    code = "overloaded"
    status = 503
    retryable = True


class Unavailable(CarewireError):
    """No answer in time. It may have happened: a retry with the same `client_id` is safe."""

    code = "unavailable"
    status = 503
    retryable = True


class StartupError(Exception):
    """Carewire cannot start. `str(exc)` is one line that tells the operator what to do."""


def error_types() -> Iterator[type[CarewireError]]:
    """Every class of the tree, the root first."""
    waiting = [CarewireError]
    while waiting:
        kind = waiting.pop(0)
        yield kind
        waiting.extend(kind.__subclasses__())


def error_of(
    code: str, message: str, *, retry_after_s: float | None = None, details: dict[str, object] | None = None
) -> CarewireError:
    """The error with this wire code; an unknown code is an internal error."""
    for kind in error_types():
        if kind.code == code:
            return kind(message, details=details, retry_after_s=retry_after_s)
    return CarewireError(message)
