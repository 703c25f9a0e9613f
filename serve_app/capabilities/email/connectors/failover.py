"""The connector `email`: several providers, in their order. One that is down, or says "not now", hands over to the
next; a refusal of the address does not: it would be refused everywhere."""

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from actors.notifications.activities import EMAIL, Mail, Mailed
from common.clock import Clock
from common.lib.cache import BoundedCache
from serve_app.activities.connector import (
    FOR_EVER_S,
    Call,
    Capacity,
    Connector,
    Erased,
    Later,
    Misconfigured,
    Refused,
    Unreadable,
)
from serve_app.activities.pacing.breaker import Breaker
from serve_app.capabilities.connecting import AddressBook
from serve_app.capabilities.email.connectors.providers import MailProvider, MaybeSent, RawMail
from serve_app.capabilities.email.linking import Linking
from serve_app.capabilities.email.message import Composer

_decode: Final = msgspec.msgpack.Decoder(Mail).decode
_MOST_UNCERTAIN: Final = 20_000
ADDRESS_REFUSED: Final = "address_refused"


class Ledger(Protocol):
    """Who is not written to, and what has been sent: shared by all providers."""

    async def may_send(self, to: str, template: str) -> bool:
        """Is the address one that mail gets to, and is wanted at? Raises Unavailable."""
        ...

    async def sent(self, mail: RawMail) -> None:
        """A provider has it: what becomes of it is told under its key. Raises Unavailable."""
        ...

    async def refused(self, to: str, provider: str, owner: str) -> None:
        """A provider says that there is no such address. Raises Unavailable."""
        ...


class EmailConnector(Connector):
    """One a runner. Whoever gets a mail twice tells by its Message-ID, which is the same from every provider."""

    name = EMAIL
    remembers_s = FOR_EVER_S

    def __init__(
        self,
        providers: Sequence[MailProvider],
        composer: Composer,
        addresses: AddressBook,
        ledger: Ledger,
        clock: Clock,
        *,
        linking: Linking | None = None,
        at_once: int = 8,
        breaker: tuple[int, float] = (5, 10.0),
    ) -> None:
        """`linking`: makes the links in mails. `breaker`: failures in a row after which a
        provider is passed over, and for how many seconds."""
        self.capacity = Capacity(at_once=at_once, call_s=45.0)
        self._providers, self._composer, self._addresses = providers, composer, addresses
        self._ledger, self._clock = ledger, clock
        self._linking = linking
        self._breakers = {one.name: Breaker(*breaker) for one in providers}
        self._uncertain: BoundedCache[str, str] = BoundedCache(_MOST_UNCERTAIN)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            mail = _decode(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This is no mail.") from error
        to = mail.to or await self._addresses.address_of(mail.user)
        if to is None:
            raise Erased
        if not await self._ledger.may_send(to, mail.template):
            raise Refused("suppressed_address", "Mail to this address came back, or was not wanted.")
        key = str(call.key)
        message, raw = await asyncio.to_thread(self._composed, mail, to, key, call.made_at_ms)
        provider = await self._deliver(
            RawMail(to=to, key=key, owner=call.owner, message=message, raw=raw, user=mail.user, delivery=mail.delivery)
        )
        return msgspec.msgpack.encode(Mailed(provider=provider, message_id=str(message["Message-ID"])))

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        for provider in self._providers:
            await provider.close()

    def _composed(self, mail: Mail, to: str, key: str, made_at_ms: int) -> tuple[EmailMessage, bytes]:
        """In a thread: it takes milliseconds, and others wait for the loop."""
        if self._linking is not None:
            mail = self._linking.linked(mail, made_at_ms)
        try:
            message = self._composer.compose(mail, to=to, key=key, made_at_ms=made_at_ms)
        except LookupError:
            raise Unreadable("There is no such mail in this version.") from None
        except ValueError:
            raise Refused("bad_address", "The address is none that mail can be sent to.") from None
        return message, message.as_bytes()

    async def _deliver(self, mail: RawMail) -> str:
        """Who has taken it."""
        failures: list[Later | Misconfigured] = []
        for provider in self._in_order(mail.key):
            try:
                await self._send(provider, mail)
            except MaybeSent as unknown:
                if self._uncertain.get(mail.key) != provider.name:
                    self._uncertain.put(mail.key, provider.name)
                    raise
                failures.append(unknown)  # asked again, it does not know either
            except (Later, Misconfigured) as failure:
                failures.append(failure)
            else:
                await self._ledger.sent(mail)
                return provider.name
        raise _of_all(failures)

    def _in_order(self, key: str) -> list[MailProvider]:
        """Those that may be called; the first, where none may. Whoever may have the mail is asked before the others."""
        now_s, holder = self._clock.monotonic_s(), self._uncertain.get(key)
        order = sorted(self._providers, key=lambda one: one.name != holder)
        return [one for one in order if self._breakers[one.name].room(now_s)] or order[:1]

    async def _send(self, provider: MailProvider, mail: RawMail) -> None:
        breaker = self._breakers[provider.name]
        breaker.began(self._clock.monotonic_s())
        try:
            await provider.send(mail)
        except Refused as refusal:
            breaker.succeeded(self._clock.monotonic_s())
            if refusal.code == ADDRESS_REFUSED:
                await self._ledger.refused(mail.to, provider.name, mail.owner)
            raise
        except Misconfigured:
            breaker.open_for(breaker.pause_s, self._clock.monotonic_s())
            raise
        except Later as later:
            self._failed(breaker, later)
            raise
        except asyncio.CancelledError:  # it took too long, and nobody knows how far it came
            self._uncertain.put(mail.key, provider.name)
            breaker.undecided()
            raise
        breaker.succeeded(self._clock.monotonic_s())

    def _failed(self, breaker: Breaker, later: Later) -> None:
        now_s = self._clock.monotonic_s()
        if later.only_this:
            breaker.succeeded(now_s)
        elif later.retry_after_s is not None:
            breaker.open_for(later.retry_after_s, now_s)
        else:
            breaker.failed(now_s)


def _of_all(failures: Sequence[Later | Misconfigured]) -> Later | Misconfigured:
    """What is told of a mail that nobody took: when the first of them wants to be asked again; or that none of them
    lets us in."""
    waiting = [one for one in failures if isinstance(one, Later)]
    if not waiting:
        return failures[0]
    pauses = [one.retry_after_s for one in waiting]
    soonest = min((pause for pause in pauses if pause is not None), default=None) if None not in pauses else None
    first = waiting[0]
    return Later(first.code, first.message, retry_after_s=soonest, only_this=all(one.only_this for one in waiting))
