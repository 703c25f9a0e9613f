"""The rules of a payer."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal
from actors.payments import activities as ask
from actors.payments.marks import mark_of
from actors.payments.payer.commands import (
    AcceptGuarantor,
    AddMethod,
    AskedOfProvider,
    EndGuarantor,
    ErasePayer,
    Introduce,
    Introduced,
    MergeInto,
    NoteCustomerChange,
    OpenAt,
    PayerChanged,
    PayerCommand,
    PayerEvent,
    PayerRead,
    ProposeGuarantor,
    ReadPayer,
    RefreshMethods,
    RemoveMethod,
    SetDefault,
    SetProfile,
)
from actors.payments.payer.state import MethodRecord, PayerRecord
from actors.payments.versions import require_version
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.ids import derived_id
from common.policy import POLICY, Relation

replace = msgspec.structs.replace
_READS: Final = (ReadPayer, NoteCustomerChange)
_VERSIONED: Final = (SetProfile, ProposeGuarantor, ErasePayer, MergeInto)


@dataclass(slots=True)
class PayerDraft:
    """One change of a payer while it is decided."""

    record: PayerRecord
    name: str = ""
    asked: list[AskedOfProvider] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    removed: list[MethodRecord] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    secret: bytes | None = None
    secret_of: str = ""
    arrival: str = ""
    before: PayerRecord = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.record

    def set(self, change: str, **members: object) -> None:
        """Other members. The first word counts."""
        self.record = replace(self.record, **members)
        self.name = self.name or change

    def ask(self, connector: str, verb: str, what: ask.CustomerAsk, about: str = "", *, sealed: bool = False) -> None:
        """Ask a provider."""
        number = self.record.asks + 1
        self.record = replace(self.record, asks=number)
        payload, key = ask.encode(what), f"{connector}|{verb}|{number}|{about}"
        one = AskedOfProvider(connector=connector, key=key, payload=b"" if sealed else payload, sealed=sealed)
        self.asked.append(one)
        if sealed:
            self.secret, self.secret_of = payload, "ask"
        self.name = self.name or verb

    def decision(self, reply: object = None) -> Decision:
        """What is to happen."""
        if not self.name and not self.arrival:
            return Decision(reply)
        self._tell_default()
        event = PayerChanged(
            change=self.name or "heard",
            record=self.record,
            methods=tuple(self.methods),
            removed=tuple(self.removed),
            asked=tuple(self.asked),
            bound=tuple(self.bound),
            arrival=self.arrival,
            secret_of=self.secret_of if self.secret is not None else "",
            secret=self.secret,
            author=self.record.id if self.secret is not None else "",
        )
        return Decision(reply, events=[event])

    def _tell_default(self) -> None:
        """Where another method is taken by default, neither of the two is what it was."""
        was, is_ = self.before.default_method, self.record.default_method
        if (was and was.id) == (is_ and is_.id):
            return
        kept = {one.id for one in self.record.methods}
        self.methods += [one.id for one in (was, is_) if one and one.id in kept and one.id not in self.methods]


@dataclass(slots=True)
class Payer:
    """State: the record. Everybody is a payer, of whom nothing is known at first."""

    id: str
    record: PayerRecord

    def decide(self, command: PayerCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is not theirs.
            NotFound: there is no such method, or nobody asked.
            FailedPrecondition: they have been erased, or have changed meanwhile, or it cannot be now.
        """
        self._permit(command, context.by)
        change = PayerDraft(self.record)
        if isinstance(command, Introduce):
            known = {"profile": self.record.profile_seq, "business": self.record.business}
            return Decision(notes=[Introduced(issuer=command.issuer, issue={**command.issue, **known})])
        if self.record.erasing and not isinstance(command, (*_READS, ErasePayer)):
            raise FailedPrecondition("This payer has been erased.", details={"reason": "erased"})
        if isinstance(command, _VERSIONED):
            require_version(command.versions, version)
        match command:
            case SetProfile():
                change.set("profile", business=command.business, language=command.language, country=command.country)
                change.secret, change.secret_of = command.secret, "profile"
            case OpenAt():
                _open(change, command)
            case AddMethod():
                _add(change, command)
            case RefreshMethods():
                _refresh(change, command.provider)
            case SetDefault():
                _known(self.record, command.method)
                change.set("default", default=command.method)
                change.methods.append(command.method)
            case RemoveMethod():
                _remove(change, command.method)
            case ProposeGuarantor():
                if command.payer == self.record.id:
                    raise FailedPrecondition("Everybody pays for themselves already.", details={"field": "payer_id"})
                change.set("guarantor_proposed", asked=command.payer)
            case AcceptGuarantor():
                change.set("guarantor_accepted", guarantor=context.by.user, asked="")
            case EndGuarantor():
                if self.record.guarantor or self.record.asked:
                    change.set("guarantor_ended", guarantor="", asked="")
            case ErasePayer():
                _erase(change)
            case MergeInto():
                change.set("merged", merged=command.payer)
            case NoteCustomerChange():
                change.arrival = command.arrival
                _refresh(change, command.provider)
            case ReadPayer():
                return Decision(PayerRead(record=self.record, profile=command.profile))
        return change.decision(PayerRead(record=change.record))

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What a provider answered."""
        provider, verb, number, about = answered.key.split("|", 3)
        change = PayerDraft(replace(self.record, answered=max(self.record.answered, int(number))))
        seen = ask.decode_observed(answered.result) if answered.outcome == "done" else None
        if not isinstance(seen, ask.CustomerSeen):
            _not_done(change, provider, verb, answered.code or answered.outcome)
        elif verb == "open":
            _opened(change, provider, seen)
        elif verb == "erase":
            change.set("erased", customers=_without(self.record.customers, provider))
        elif verb == "set_up":
            change.set("set_up")
            change.secret, change.secret_of = msgspec.msgpack.encode(seen.client), "client"
        else:
            _methods(change, provider, seen, context.now_ms, added=about if verb == "attach" else "")
        if verb == "read":  # whoever waits for it knows that it was answered, also where nothing has changed
            change.name = change.name or "read"
        return change.decision()

    def apply(self, event: PayerEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, Introduced):
            return
        record = event.record
        match event.secret_of:
            case "profile":
                record = replace(record, profile_seq=seq)
            case "client":
                record = replace(record, client_seq=seq)
        self.record = record

    def _permit(self, command: PayerCommand, by: Principal) -> None:
        if by.is_system:
            return
        if isinstance(command, AcceptGuarantor):
            if not self.record.asked or by.user != self.record.asked:
                raise NotFound("Nobody has asked you to pay for them.")
            return
        if isinstance(command, EndGuarantor) and by.user == self.record.guarantor:
            return
        if isinstance(command, NoteCustomerChange | Introduce):
            raise PermissionDenied("Only Carewire itself does that.")
        relation = Relation.SELF if by.user == self.id else Relation.NONE
        action = "payer.read" if isinstance(command, ReadPayer) else "payer.change"
        action = "payer.merge" if isinstance(command, MergeInto) else action
        if not POLICY.allows(by.role, relation, action):
            raise NotFound("There is no such payer.", payer=self.id)


def _open(change: PayerDraft, command: OpenAt) -> None:
    record, provider = change.record, command.provider
    if customer := record.customers.get(provider):
        if command.set_up:
            change.ask(provider, "set_up", ask.SetUp(customer=customer))
        return
    if provider not in record.opening:
        change.set("opening", opening=(*record.opening, provider), failed=_without(record.failed, provider))
        change.ask(provider, "open", ask.OpenCustomer(payer=mark_of(record.id)))


def _opened(change: PayerDraft, provider: str, seen: ask.CustomerSeen) -> None:
    record = change.record
    opening = tuple(one for one in record.opening if one != provider)
    change.set("opened", opening=opening, customers={**record.customers, provider: seen.ref})
    change.bound.append(f"intent:{provider}:{seen.ref}")
    if record.erasing:
        change.ask(provider, "erase", ask.EraseCustomer(customer=seen.ref))


def _add(change: PayerDraft, command: AddMethod) -> None:
    customer = change.record.customers.get(command.provider)
    if customer is None:
        raise FailedPrecondition("The provider is being asked. Try again in a moment.", details={"reason": "opening"})
    change.set("adding", added="", failed=_without(change.record.failed, command.provider))
    change.ask(command.provider, "attach", ask.AttachMethod(customer=customer, token=command.token), command.token)


def _refresh(change: PayerDraft, provider: str) -> None:
    if customer := change.record.customers.get(provider):
        change.ask(provider, "read", ask.ReadMethods(customer=customer))


def _remove(change: PayerDraft, method_id: str) -> None:
    method = _known(change.record, method_id)
    change.ask(method.provider, "detach", ask.Detach(method=method.seen.ref))
    methods = tuple(one for one in change.record.methods if one.id != method_id)
    default = "" if change.record.default == method_id else change.record.default
    change.set("removed", methods=methods, default=default)
    change.removed.append(method)


def _methods(change: PayerDraft, provider: str, seen: ask.CustomerSeen, now_ms: int, *, added: str) -> None:
    """The methods that the provider has, under the ids that they have here."""
    record = change.record
    if seen.error is not None:
        change.set("failed", failed={**record.failed, provider: seen.error.decline_code or seen.error.code})
        return
    if seen.methods is None:
        return
    known = {one.seen.ref: one for one in record.methods if one.provider == provider}
    mine: list[MethodRecord] = []
    for each in seen.methods:
        old = known.get(each.ref)
        new = old or MethodRecord(
            id=derived_id("mth", now_ms, f"{record.id}|{provider}|{each.ref}"),
            provider=provider,
            seen=each,
            created=now_ms,
        )
        mine.append(replace(new, seen=each))
        if old is None or old.seen != each:
            change.methods.append(new.id)
    gone = [one for one in known.values() if one.seen.ref not in {each.ref for each in seen.methods}]
    change.removed += gone
    others = tuple(one for one in record.methods if one.provider != provider)
    default = "" if record.default in {one.id for one in gone} else record.default
    if not change.methods and not gone and not added:
        return
    newest = next((one.id for one in mine if one.seen.ref == added or one.id in change.methods), "")
    change.set("methods", methods=(*others, *mine), default=default or newest, added=newest if added else record.added)


def _erase(change: PayerDraft) -> None:
    record = change.record
    if not record.erasing:
        change.set("erasing", erasing=True, methods=(), default="", guarantor="", asked="")
        for provider, customer in record.customers.items():
            change.ask(provider, "erase", ask.EraseCustomer(customer=customer))


def _not_done(change: PayerDraft, provider: str, verb: str, code: str) -> None:
    record = change.record
    if verb == "open":
        opening = tuple(one for one in record.opening if one != provider)
        change.set("failed", opening=opening, failed={**record.failed, provider: code})
    elif verb in ("attach", "set_up"):
        change.set("failed", failed={**record.failed, provider: code})
    elif verb == "erase" and code == "gone":
        change.set("erased", customers=_without(record.customers, provider))


def _known(record: PayerRecord, method_id: str) -> MethodRecord:
    method = record.method(method_id)
    if method is None:
        raise NotFound("There is no such method.", method=method_id)
    return method


def _without(values: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if key != name}
