"""A payment is judged before it begins, by what its payer and the address that it comes from have tried."""

import asyncio
import hmac
from hashlib import sha256
from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.payments.bill.commands import Pay
from actors.payments.bill.state import BillRecord
from actors.payments.fraud.counting import Weigh, of_address, of_payer
from actors.payments.fraud.scoring import PaymentAttempt, Per, Verdict, strictest
from actors.payments.fraud.table import RULES, ReadFraudRules
from common.errors import FailedPrecondition
from common.logs import get_logger
from serve_app.capabilities.payments.payers.service import Payers

_USE: Final = b"carewire payments network mark"
_MARK_LENGTH: Final = 24
log = get_logger(__name__)


class Screen:
    """One a process. `root`: what marks of network addresses are made with, for an address is stored nowhere."""

    def __init__(self, entities: EntityClient, payers: Payers, root: str) -> None:
        self._entities, self._payers = entities, payers
        self._key = hmac.digest(root.encode(), _USE, sha256)

    async def screened(self, record: BillRecord, command: Pay, network: str, *, live: bool = False) -> Pay:
        """The command as the verdict wants it: as it is, with a challenge, or held for a review. `live`: the payment
        has begun, so it cannot be held any more, and is refused instead.

        Raises:
            FailedPrecondition: a rule blocks it (`reason: "blocked"`). Which one is told to staff alone.
        """
        mark = self._mark(network)
        command = msgspec.structs.replace(command, network=mark)
        rules = (await self._entities.ask(RULES, ReadFraudRules(), by=SYSTEM)).rules
        if not rules or command.provider == "manual":
            return command
        attempt = await self._attempt(record, command)
        scopes: list[tuple[Per, str]] = [("payer", of_payer(record.payer))]
        scopes += [("address", of_address(mark))] if mark else []
        weighed = (
            self._entities.ask(entity, Weigh(per=per, rules=rules, attempt=attempt), by=SYSTEM)
            for per, entity in scopes
        )
        return _as_judged(command, strictest(await asyncio.gather(*weighed)), record.id, live=live)

    async def _attempt(self, record: BillRecord, command: Pay) -> PaymentAttempt:
        payer = (await self._payers.read(record.payer, SYSTEM)).record
        method = payer.method(command.method_id)
        return PaymentAttempt(
            amount=record.due,
            currency=record.currency,
            card=method.seen.fingerprint if method else "",
            card_country=method.seen.country if method else "",
            payer_country=payer.country,
        )

    def _mark(self, network: str) -> str:
        return hmac.digest(self._key, network.encode(), sha256).hex()[:_MARK_LENGTH] if network else ""


def _as_judged(command: Pay, verdict: Verdict, bill_id: str, *, live: bool) -> Pay:
    if verdict.action == "challenge":
        return msgspec.structs.replace(command, challenge=True)
    if verdict.action == "review" and not live:
        return msgspec.structs.replace(command, review=verdict.rule_id, why=verdict.reason)
    if verdict.action in ("block", "review"):
        log.info("payment.blocked", resource=bill_id, rule=verdict.rule_id)
        raise FailedPrecondition("This payment was not accepted.", details={"reason": "blocked"})
    return command
