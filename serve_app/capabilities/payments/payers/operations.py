"""Who pays: customers, methods and guarantors, each operation at both doors."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.rules.paying import SAVES
from actors.payments.payer import answers
from actors.payments.payer.commands import (
    AcceptGuarantor,
    EndGuarantor,
    ErasePayer,
    MergeInto,
    PayerView,
    ProposeGuarantor,
    RefreshMethods,
    RemoveMethod,
    SetDefault,
    SetProfile,
)
from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.persons import NothingToTell
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.payers import examples, requests
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.shared import Options, is_staff
from serve_app.edge.operation import Caller, Operation, Rest, Result

Backing = Callable[[str, str], Awaitable[list[str]]]
"""Of a payer and a method: the open obligations that are paid by it."""
_NO_PROFILE: Final = ("payer_id", "version")
_operation: Final = Declare(resource=("payer_id",))


class PayerOperations:
    """Of one process. `backing` says what a method is needed for; `owing` what a payer still has to settle."""

    def __init__(
        self,
        payers: Payers,
        options: Options,
        clock: Clock,
        backing: Backing,
        owing: Callable[[str], Awaitable[list[str]]],
    ) -> None:
        self._payers, self._options, self._clock = payers, options, clock
        self._backing, self._owing = backing, owing

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._customers()
        yield from self._guarantors()
        yield from self._methods()

    def _customers(self) -> Iterator[Operation[Any]]:
        customer = "/api/payments/customers/{payer_id}"
        yield _operation(
            "create_customer",
            "payer.change",
            request=requests.CreateCustomer,
            call=self._create,
            rest=Rest("POST", "/api/payments/customers", 201, tag="payers"),
            response=answers.CustomerReply,
            example=examples.CREATE_CUSTOMER,
            description="Say who pays. Names and addresses are sealed, and told to no provider.",
            versioned=True,
        )
        yield _operation(
            "get_customer",
            "payer.read",
            request=requests.OfPayer,
            call=self._get,
            rest=Rest("GET", customer, tag="payers"),
            response=answers.CustomerReply,
            example=examples.GET_CUSTOMER,
            description="Who pays.",
            versioned=True,
        )
        yield _operation(
            "update_customer",
            "payer.change",
            request=requests.UpdateCustomer,
            call=self._update,
            rest=Rest("PATCH", customer, tag="payers"),
            response=answers.CustomerReply,
            example=examples.UPDATE_CUSTOMER,
            description="Change what is named.",
            versioned=True,
        )
        yield _operation(
            "erase_customer",
            "payer.change",
            request=requests.CustomerToErase,
            call=self._erase,
            rest=Rest("DELETE", customer, tag="payers"),
            response=answers.CustomerReply,
            example=examples.GET_CUSTOMER,
            description="Delete a payer at every provider. Refused while something is owed.",
            versioned=True,
        )
        yield _operation(
            "merge_customers",
            "payer.merge",
            request=requests.MergeCustomers,
            call=self._merge,
            rest=Rest("POST", f"{customer}/merge", tag="payers"),
            response=answers.CustomerReply,
            example=examples.MERGE_CUSTOMERS,
            description="Make one of two payers.",
            versioned=True,
        )

    def _guarantors(self) -> Iterator[Operation[Any]]:
        yield _operation(
            "propose_guarantor",
            "payer.change",
            request=requests.ProposeGuarantorBody,
            call=self._propose,
            rest=Rest("PUT", "/api/payments/guarantor", tag="payers"),
            response=answers.CustomerReply,
            example=examples.PROPOSE_GUARANTOR,
            description="Ask somebody else to pay. It binds once they accept.",
            versioned=True,
        )
        yield _operation(
            "accept_guarantor",
            "payer.change",
            request=requests.AcceptGuarantorBody,
            call=self._accept,
            rest=Rest("POST", "/api/payments/guarantor/accept", tag="payers"),
            response=NothingToTell,
            example=examples.ACCEPT_GUARANTOR,
            description="Pay for somebody who asked.",
        )
        yield _operation(
            "end_guarantor",
            "payer.change",
            request=requests.EndGuarantorBody,
            call=self._end,
            rest=Rest("DELETE", "/api/payments/guarantor", tag="payers"),
            response=NothingToTell,
            example=examples.END_GUARANTOR,
            description="Pay for oneself again.",
        )

    def _methods(self) -> Iterator[Operation[Any]]:
        methods = "/api/payments/methods"
        yield _operation(
            "list_payment_methods",
            "payer.read",
            request=requests.ListMethods,
            call=self._list,
            rest=Rest("GET", methods, tag="payers"),
            response=answers.MethodPage,
            example=examples.LIST_METHODS,
            description="The saved methods, and what is paid by them.",
        )
        yield _operation(
            "add_payment_method",
            "payer.change",
            request=requests.AddMethodBody,
            call=self._add,
            rest=Rest("POST", methods, 201, tag="payers"),
            response=answers.SetupReply,
            example=examples.ADD_METHOD,
            description="Save a method: what the browser needs for it, or with a token the method.",
        )
        yield _operation(
            "set_default_payment_method",
            "payer.change",
            request=requests.OfMethod,
            call=self._default,
            rest=Rest("POST", f"{methods}/{{method_id}}/default", tag="payers", bodiless=True),
            response=answers.MethodReply,
            example=examples.OF_METHOD,
            description="Pay by this one where none is named.",
        )
        yield _operation(
            "validate_payment_method",
            "payer.read",
            request=requests.OfMethod,
            call=self._validate,
            rest=Rest("POST", f"{methods}/{{method_id}}/validate", tag="payers", bodiless=True),
            response=answers.ValidReply,
            example=examples.VALIDATE_METHOD,
            description="Can be paid with it? The provider is asked.",
        )
        yield _operation(
            "delete_payment_method",
            "payer.change",
            request=requests.OfMethod,
            call=self._delete,
            rest=Rest("DELETE", f"{methods}/{{method_id}}", tag="payers"),
            response=NothingToTell,
            example=examples.DELETE_METHOD,
            description="Forget a method. Refused while something is paid by it.",
        )

    async def _create(self, request: requests.CreateCustomer, caller: Caller) -> Result:
        payer = self._whose(request.payer_id, caller.by)
        return await self._written(payer, request, caller)

    async def _update(self, request: requests.UpdateCustomer, caller: Caller) -> Result:
        return await self._written(request.payer_id, request, caller)

    async def _written(self, payer: str, request: requests.CustomerBody, caller: Caller) -> Result:
        before = await self._payers.read(payer, caller.by, caller.trace)
        old = msgspec.json.decode(before.profile, type=dict[str, Any]) if before.profile else {}
        told = {name: value for name, value in msgspec.to_builtins(request).items() if name not in _NO_PROFILE}
        profile = {**old, **told}
        command = SetProfile(
            business=bool(profile.get("business", before.record.business)),
            language=profile.get("language") or before.record.language,
            country=(profile.get("address") or {}).get("country", "") or before.record.country,
            secret=msgspec.json.encode(profile),
            versions=caller.versions,
        )
        await self._payers.ask(payer, command, caller.by, caller.trace)
        return _customer(await self._payers.read(payer, caller.by, caller.trace))

    async def _get(self, request: requests.OfPayer, caller: Caller) -> Result:
        return _customer(await self._payers.read(request.payer_id, caller.by, caller.trace))

    async def _erase(self, request: requests.CustomerToErase, caller: Caller) -> Result:
        await self._payers.read(request.payer_id, caller.by)
        if owed := await self._owing(request.payer_id):
            raise FailedPrecondition("Something is still to be paid.", details={"reason": "obligations", "open": owed})
        command = ErasePayer(caller.versions)
        return _customer(await self._payers.ask(request.payer_id, command, caller.by, caller.trace))

    async def _merge(self, request: requests.MergeCustomers, caller: Caller) -> Result:
        command = MergeInto(request.into, caller.versions)
        return _customer(await self._payers.ask(request.payer_id, command, caller.by, caller.trace))

    async def _propose(self, request: requests.ProposeGuarantorBody, caller: Caller) -> Result:
        command = ProposeGuarantor(request.payer_id, caller.versions)
        return _customer(await self._payers.ask(caller.by.user, command, caller.by, caller.trace))

    async def _accept(self, request: requests.AcceptGuarantorBody, caller: Caller) -> NothingToTell:
        await self._payers.ask(request.client_id, AcceptGuarantor(), caller.by, caller.trace)
        return NothingToTell()

    async def _end(self, request: requests.EndGuarantorBody, caller: Caller) -> NothingToTell:
        await self._payers.ask(request.client_id or caller.by.user, EndGuarantor(), caller.by, caller.trace)
        return NothingToTell()

    async def _list(self, request: requests.ListMethods, caller: Caller) -> Result:
        payer = self._whose(request.payer_id, caller.by)
        record = (await self._payers.read(payer, caller.by, caller.trace)).record
        page = answers.MethodPage(items=[await self._shown(payer, one.id) for one in record.methods])
        return Result(page, persons=[payer])

    async def _add(self, request: requests.AddMethodBody, caller: Caller) -> Result:
        payer, provider = caller.by.user, self._options.provider(request.provider)
        if provider not in SAVES:
            raise FailedPrecondition("This provider keeps no methods.", details={"field": "provider"})
        if request.token is not None:
            _, method = await self._payers.add(payer, provider, request.token)
            return Result(await self._shown(payer, method.id))
        view = await self._payers.set_up(payer, provider)
        setup = {"provider": provider, **view.client, **self._options.public.get(provider, {})}
        return Result(answers.SetupReply(setup=setup))

    async def _default(self, request: requests.OfMethod, caller: Caller) -> answers.MethodReply:
        await self._payers.ask(caller.by.user, SetDefault(request.method_id), caller.by, caller.trace)
        return await self._shown(caller.by.user, request.method_id)

    async def _validate(self, request: requests.OfMethod, caller: Caller) -> answers.ValidReply:
        payer, now = caller.by.user, self._clock.platform_ms()
        method = await self._payers.method(payer, request.method_id)
        view = await self._payers.ask(payer, RefreshMethods(provider=method.provider), SYSTEM)
        asked = view.record.asks
        view = await self._payers.wait(view, lambda record: record.answered >= asked)
        found = view.record.method(request.method_id)
        expired = found is not None and answers.expires_within(found, now, 0)
        reason = "gone" if found is None else "expired" if expired else None
        return answers.ValidReply(
            valid=reason is None,
            checked_at=to_rfc3339(now),
            expires_soon=answers.expires_within(method, now, 2),
            reason=reason,
        )

    async def _delete(self, request: requests.OfMethod, caller: Caller) -> NothingToTell:
        payer = caller.by.user
        await self._payers.method(payer, request.method_id)
        if backs := await self._backing(payer, request.method_id):
            raise FailedPrecondition("Something is paid by this method.", details={"reason": "in_use", "backs": backs})
        await self._payers.ask(payer, RemoveMethod(request.method_id), caller.by, caller.trace)
        return NothingToTell()

    async def _shown(self, payer: str, method_id: str) -> answers.MethodReply:
        record = (await self._payers.read(payer, SYSTEM)).record
        method = record.method(method_id)
        if method is None:
            raise NotFound("There is no such method.", method=method_id)
        backs = await self._backing(payer, method_id)
        return answers.method_reply(record, method, self._clock.platform_ms(), backs)

    def _whose(self, payer: str | None, by: Principal) -> str:
        if payer is not None and payer != by.user and not is_staff(by):
            raise PermissionDenied("This is somebody else's.")
        return payer or by.user


def _customer(view: PayerView) -> Result:
    return Result(answers.customer_reply(view), version=view.version)
