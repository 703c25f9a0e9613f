"""Letters of a shard's entities: to a neighbour in the same shard straight into its mailbox, to others by courier."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.inbox import LocalLetter, ShardInbox
from actors.kernel.effects.postman import Courier
from actors.kernel.history.codec import StoredLetter
from common.errors import Unavailable, error_of

_GONE: Final = protocol.ItemAnswer(correlation_id=0, code=Unavailable.code)


class LetterRouter:
    """A `Courier`. A neighbour's answer may be lost with the lease; then the letter goes once more."""

    def __init__(
        self,
        is_ours: Callable[[str], bool],
        inbox: ShardInbox,
        courier: Courier,
        *,
        patience_s: float,
    ) -> None:
        self._is_ours = is_ours
        self._inbox = inbox
        self._courier = courier
        self._patience_s = patience_s

    async def send(self, letter: StoredLetter) -> None:
        """Returns when the letter has been taken.

        Raises:
            CarewireError: it was refused, or (retryable) nobody answered in time.
            Unhosted: no pool hosts the receiver's kind.
        """
        answer = await self._ask(letter) if self._is_ours(letter.to) else None
        if answer is None or answer.code == protocol.MOVED:
            await self._courier(letter)
        elif answer.code:
            details = msgspec.json.decode(answer.details) if answer.details else None
            raise error_of(answer.code, answer.message, retry_after_s=answer.retry_after_s, details=details)

    async def _ask(self, letter: StoredLetter) -> protocol.ItemAnswer:
        caller = _Sender()
        patience_ms = int(self._patience_s * 1000)
        item = protocol.BatchItem(
            correlation_id=0,
            entity=letter.to,
            command_id=letter.command_id,
            command=letter.command,
            by=SYSTEM,
            patience_ms=patience_ms,
            named=True,
            unread=True,
        )
        self._inbox.put(LocalLetter(caller, item))
        late = asyncio.get_running_loop().call_later(self._patience_s, caller.answer, _GONE)
        try:
            return await caller.answered
        finally:
            late.cancel()


class _Sender:
    """The entity that wrote the letter."""

    __slots__ = ("answered",)

    def __init__(self) -> None:
        self.answered: asyncio.Future[protocol.ItemAnswer] = asyncio.get_running_loop().create_future()

    def answer(self, answer: protocol.ItemAnswer) -> None:
        if not self.answered.done():
            self.answered.set_result(answer)

    def listen(self, topic: str, version: int) -> None:
        """Letters listen to nothing."""
