"""Deeds that are named by the `request_id` of a payload: a repeat, at whichever door, gets the first answer.

The answers lie where REST keeps those to an `Idempotency-Key`, under the user's own key, and as long. What was refused
or failed is not kept: a repeat tries again. So does one that comes after `LEASE_S` to a deed whose process died.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

import msgspec

from common.errors import Conflict
from serve_app.edge.conventions.repeats.idempotency import LEASE_S, IdempotencyStore, StoredAnswer
from serve_app.edge.operation import Answer, Caller, Operation, Repeatable, Result, encoded, result_of

FIELD: Final = "request_id"


class Repeats:
    """Makes of operations whose request is `Repeatable` such as know a repeat; of others, themselves."""

    def __init__(self, store: IdempotencyStore) -> None:
        self._store = store

    def known(self, operation: Operation[Any]) -> Operation[Any]:
        """This operation, done once for each user and `request_id`. Answers have no more than a body."""
        if not issubclass(operation.request, Repeatable):
            return operation
        return replace(
            operation, call=self._once(operation.name, operation.call), refuses=(*operation.refuses, Conflict)
        )

    def _once(
        self, name: str, call: Callable[[Any, Caller], Awaitable[Answer]]
    ) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def once(request: Repeatable, caller: Caller) -> Answer:
            if not request.request_id:
                return await call(request, caller)
            user = caller.by.user
            claim = _hash(name, user, request.request_id)
            fingerprint = _hash(request)
            stored = await self._store.begin(claim, fingerprint, user, lease_s=LEASE_S)
            if stored is not None:
                return Result(stored.body)
            try:
                body = encoded(result_of(await call(request, caller)).body)
            except BaseException:
                await self._store.release(claim)
                raise
            await self._store.finish(claim, user, StoredAnswer(200, (), body))
            return Result(body)

        return once


def _hash(*parts: object) -> str:
    return f"{FIELD}_{blake2b(msgspec.json.encode(parts), digest_size=32).hexdigest()}"
