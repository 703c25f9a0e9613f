"""Who pays: customers at providers, methods, guarantors, and how all of it goes when a person is erased."""

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.activities import OpenCustomer
from actors.payments.payer.commands import (
    AcceptGuarantor,
    AddMethod,
    EndGuarantor,
    ErasePayer,
    MergeInto,
    OpenAt,
    PayerCommand,
    PayerView,
    ProposeGuarantor,
    ReadPayer,
    RefreshMethods,
    SetDefault,
    SetProfile,
)
from common.errors import FailedPrecondition, NotFound
from tests.unit.payments.purse import ADA, Purse

ME = Principal("ada", "client")


def test_a_provider_is_asked_for_a_customer_once_and_told_no_name() -> None:
    purse = Purse()
    for _ in range(2):
        purse.ask(ADA, OpenAt(provider="stripe"), ME)
    purse.carry_out()
    assert [type(one) for one in purse.asked] == [OpenCustomer]
    assert b"ada" not in msgspec.msgpack.encode(purse.asked[0])
    assert purse.record.customers == {"stripe": "cus_1"}
    assert "intent:stripe:cus_1" in {letter.to for letter in purse.letters}


def test_methods_come_have_a_default_and_go() -> None:
    purse = Purse()
    purse.ask(ADA, OpenAt(provider="stripe"), ME)
    purse.carry_out()
    first, second = purse.add("pm_1"), purse.add("pm_2")
    assert (purse.record.default, len(purse.record.methods)) == (first, 2)
    purse.ask(ADA, SetDefault(second), ME)
    purse.passivate(ADA, snapshot=True)
    purse.remove(second)
    assert [one.id for one in purse.record.methods] == [first]
    assert purse.record.default_method is not None
    assert purse.record.default_method.id == first
    with pytest.raises(NotFound):
        purse.ask(ADA, SetDefault(second), ME)


def test_a_look_that_finds_nothing_new_is_known_to_be_answered() -> None:
    purse = Purse()
    purse.ask(ADA, OpenAt(provider="stripe"), ME)
    purse.carry_out()
    purse.add("pm_1")
    purse.ask(ADA, RefreshMethods(provider="stripe"), SYSTEM)
    assert purse.record.answered < purse.record.asks
    purse.carry_out()
    assert purse.record.answered == purse.record.asks
    assert len(purse.record.methods) == 1


def test_what_a_browser_needs_to_save_a_method_is_read_by_the_payer_and_stands_nowhere_in_the_clear() -> None:
    purse = Purse()
    for set_up in (False, True):
        purse.ask(ADA, OpenAt(provider="stripe", set_up=set_up), ME)
        purse.carry_out()
    assert purse.ask(ADA, ReadPayer(), ME)["client"] == {"client_secret": "seti_1_secret"}
    assert b"seti_1" not in purse.state(ADA)


def test_names_and_addresses_are_sealed() -> None:
    purse = Purse()
    purse.ask(ADA, SetProfile(country="DE", secret=b'{"name":"Ada L."}'), ME)
    assert b"Ada L." not in purse.state(ADA)
    purse.passivate(ADA)
    view = msgspec.convert(purse.ask(ADA, ReadPayer(), ME), PayerView)
    assert (view.record.country, view.profile) == ("DE", b'{"name":"Ada L."}')


def test_a_guarantor_pays_once_they_have_accepted_and_until_either_ends_it() -> None:
    purse, mum = Purse(), Principal("mum", "client")
    with pytest.raises(NotFound):
        purse.ask(ADA, AcceptGuarantor(), mum)
    purse.ask(ADA, ProposeGuarantor("mum"), ME)
    assert purse.record.guarantor == ""
    with pytest.raises(NotFound):
        purse.ask(ADA, AcceptGuarantor(), Principal("eve", "client"))
    purse.ask(ADA, AcceptGuarantor(), mum)
    assert purse.record.guarantor == "mum"
    purse.ask(ADA, EndGuarantor(), mum)
    assert purse.record.guarantor == ""


@pytest.mark.parametrize("role", ["client", "therapist", "moderator"])
def test_a_stranger_cannot_tell_who_pays(role: str) -> None:
    purse = Purse()
    for command in (ReadPayer(), OpenAt(provider="stripe"), AddMethod(provider="stripe", token="pm"), ErasePayer()):
        with pytest.raises(NotFound):
            purse.ask(ADA, command, Principal("eve", role))


def test_who_is_erased_is_deleted_at_every_provider_also_at_one_that_is_only_being_asked() -> None:
    purse = Purse()
    purse.ask(ADA, OpenAt(provider="stripe"), ME)
    purse.ask(ADA, ErasePayer(), SYSTEM)
    assert not purse.record.erased
    purse.carry_out()
    assert purse.record.erased
    assert purse.customers == {}
    with pytest.raises(FailedPrecondition):
        purse.ask(ADA, OpenAt(provider="stripe"), ME)


@pytest.mark.parametrize(
    ("command", "by"),
    [
        (SetProfile(country="AT", secret=b"{}"), ME),
        (ProposeGuarantor("dad"), ME),
        (ErasePayer(), ME),
        (MergeInto("mum"), Principal("root", "admin")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_payer_who_has_changed_meanwhile_is_left_as_they_are(command: PayerCommand, by: Principal) -> None:
    purse = Purse()
    purse.ask(ADA, SetProfile(country="DE", secret=b'{"name":"Ada L."}'), ME)
    version = msgspec.convert(purse.ask(ADA, ReadPayer(), ME), PayerView).version
    before = purse.record
    with pytest.raises(FailedPrecondition) as refused:
        purse.ask(ADA, msgspec.structs.replace(command, versions=(version - 1,)), by)
    assert refused.value.details == {"reason": "version", "version": version}
    assert purse.record == before
    with pytest.raises(NotFound):
        purse.ask(ADA, msgspec.structs.replace(command, versions=(version - 1,)), Principal("eve", "client"))
    purse.ask(ADA, msgspec.structs.replace(command, versions=(version,)), by)
    assert purse.record != before
