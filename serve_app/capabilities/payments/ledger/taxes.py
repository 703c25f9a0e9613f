"""The table of taxes, for the operations and for whoever reckons with it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.payments.issuer.entity import ReadIssuer
from actors.payments.issuer.state import PLATFORM
from actors.payments.taxes import TaxRule
from actors.payments.taxtable.entity import TABLE, ReadTaxes, SetTaxes, TaxRules
from common.clock import to_rfc3339
from common.decoding import Request
from common.timeline import parse_instant
from serve_app.capabilities.payments.declaring import Declare
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result, Versioned

_RULE: Final = {
    "jurisdiction": "DE",
    "category": "therapy",
    "rate": "0",
    "exempt": {"code": "VATEX-EU-132-1C", "reason": "Health care is exempt (§ 4 Nr. 14 UStG)."},
}
_operation: Final = Declare()


class GetTaxRules(Request, frozen=True, kw_only=True):
    """The table of taxes."""


class SetTaxRules(Request, Versioned, frozen=True, kw_only=True):
    """Another table of taxes."""

    rules: Annotated[list[TaxRule], Meta(max_length=1000)]


class TaxRulesReply(msgspec.Struct, frozen=True, kw_only=True):
    """The table of taxes."""

    rules: list[TaxRule]
    version: int


class Taxes:
    """One a process."""

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def rules(self) -> tuple[Sequence[TaxRule], str]:
        """See `TaxTable`."""
        rules = (await self._entities.ask(TABLE, ReadTaxes(), by=SYSTEM)).rules
        if not rules:
            return rules, ""
        issuer = await self._entities.ask(f"issuer:{PLATFORM}", ReadIssuer(), by=SYSTEM)
        return rules, issuer.issuer.address.country if issuer.version else ""

    def __iter__(self) -> Iterator[Operation[Any]]:
        reply = {"rules": [_RULE], "version": 1}
        yield _operation(
            "get_tax_rules",
            "tax.read",
            request=GetTaxRules,
            call=self._get,
            rest=Rest("GET", "/api/tax/rules", tag="pricing"),
            response=TaxRulesReply,
            example=Example({}, reply),
            description="The table of taxes.",
            versioned=True,
        )
        yield _operation(
            "set_tax_rules",
            "tax.change",
            request=SetTaxRules,
            call=self._set,
            rest=Rest("PUT", "/api/tax/rules", tag="pricing"),
            response=TaxRulesReply,
            example=Example({"rules": [_RULE]}, reply),
            description="Another table of taxes. Bills that are made already keep theirs.",
            versioned=True,
        )

    async def _get(self, request: GetTaxRules, caller: Caller) -> Result:
        return _reply(await self._entities.ask(TABLE, ReadTaxes(), by=caller.by))

    async def _set(self, request: SetTaxRules, caller: Caller) -> Result:
        rules = tuple(
            msgspec.structs.replace(rule, since=to_rfc3339(parse_instant(rule.since, "from"))) if rule.since else rule
            for rule in request.rules
        )
        command = SetTaxes(rules=rules, versions=caller.versions)
        return _reply(await self._entities.ask(TABLE, command, by=caller.by, trace=caller.trace))


def _reply(table: TaxRules) -> Result:
    return Result(TaxRulesReply(rules=list(table.rules), version=table.version), version=table.version)
