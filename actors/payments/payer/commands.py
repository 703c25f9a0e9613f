"""What can be asked of a payer, and the events that follow."""

import msgspec

from actors.kernel.contract.entity import Command, Event, Query
from actors.payments.payer.state import MethodRecord, PayerRecord
from actors.payments.versions import Versions


class PayerView(msgspec.Struct, frozen=True, kw_only=True):
    """A payer as they see themselves: `profile` as they wrote it, `client` what their browser needs to save a
    method."""

    record: PayerRecord
    version: int
    profile: bytes | None = None
    client: dict[str, str] = {}


class PayerRead(Query, frozen=True, kw_only=True):
    """With the secrets, to be read from the journal. `profile`: that of an earlier event."""

    record: PayerRecord
    profile: int = 0


class SetProfile(Command[PayerView], frozen=True, kw_only=True, tag="profile"):
    """Name, address and the like: the secret, JSON."""

    business: bool = False
    language: str = ""
    country: str = ""
    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class OpenAt(Command[PayerView], frozen=True, kw_only=True, tag="open"):
    """Be a customer of a provider. Idempotent. `set_up`: begin to save a method."""

    provider: str
    set_up: bool = False


class AddMethod(Command[PayerView], frozen=True, kw_only=True, tag="add"):
    """Keep the method that a token of the provider names."""

    provider: str
    token: str


class RefreshMethods(Command[PayerView], frozen=True, kw_only=True, tag="refresh"):
    """Read the methods that a provider has."""

    provider: str


class SetDefault(Command[PayerView], frozen=True, tag="default"):
    """The method that is taken where none is named."""

    method: str


class RemoveMethod(Command[PayerView], frozen=True, tag="remove"):
    """Forget a method."""

    method: str


class ProposeGuarantor(Command[PayerView], frozen=True, tag="propose"):
    """Somebody else is asked to pay."""

    payer: str
    versions: Versions = msgspec.UNSET


class AcceptGuarantor(Command[PayerView], frozen=True, tag="accept"):
    """Who was asked agrees."""


class EndGuarantor(Command[PayerView], frozen=True, tag="end"):
    """Everybody pays for themselves again."""


class ErasePayer(Command[PayerView], frozen=True, tag="erase"):
    """Delete them at every provider. Idempotent."""

    versions: Versions = msgspec.UNSET


class MergeInto(Command[PayerView], frozen=True, tag="merge"):
    """This payer is somebody else."""

    payer: str
    versions: Versions = msgspec.UNSET


class ReadPayer(Command[PayerView], frozen=True, tag="read"):
    """What is kept of them; or (`profile`) who they said they were in the event of this number."""

    profile: int = 0


class NoteCustomerChange(Command[None], frozen=True, kw_only=True, tag="seen"):
    """A letter: something happened to the provider's customer."""

    provider: str
    ref: str
    arrival: str = ""
    created: int = 0


class Introduce(Command[None], frozen=True, kw_only=True, tag="introduce"):
    """A letter of a bill that was paid: it is to be invoiced to this payer, as they say who they are now. `issue` is
    the packed command for the `issuer`."""

    issuer: str
    issue: dict[str, object]


PayerCommand = (
    SetProfile
    | OpenAt
    | AddMethod
    | RefreshMethods
    | SetDefault
    | RemoveMethod
    | ProposeGuarantor
    | AcceptGuarantor
    | EndGuarantor
    | ErasePayer
    | MergeInto
    | ReadPayer
    | NoteCustomerChange
    | Introduce
)


class AskedOfProvider(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An activity. With `sealed` its payload is the event's secret."""

    connector: str
    key: str
    payload: bytes = b""
    sealed: bool = False


class PayerChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """`record` is what the payer is now. `methods`: ids of those that are not what they were. The secret is what
    `secret_of` says: `profile`, `client`, or `ask`."""

    change: str
    record: PayerRecord
    methods: tuple[str, ...] = ()
    removed: tuple[MethodRecord, ...] = ()
    asked: tuple[AskedOfProvider, ...] = ()
    bound: tuple[str, ...] = ()
    arrival: str = ""
    secret_of: str = ""


class Introduced(Event, frozen=True, kw_only=True, tag="introduced"):
    """Whoever issues is told which event says who the payer is."""

    issuer: str
    issue: dict[str, object]


PayerEvent = PayerChanged | Introduced
