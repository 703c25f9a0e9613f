"""A payer as data. Times in ms. Names and addresses are no part of it: they are sealed under the person's key."""

import msgspec

from actors.payments.activities import MethodSeen


class MethodRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A means of payment that is kept at a provider."""

    id: str
    provider: str
    seen: MethodSeen
    created: int


class PayerRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """`customers`: the provider's id of this person, by provider. `opening`: providers that were asked for one.
    `guarantor`: who pays in their place; `asked`: who was asked to. `adding`: a method that is under way, by its
    provider: "" once it is there, or what went wrong. `asks`: how often providers were asked; `answered`: the last of
    these that was answered."""

    id: str
    customers: dict[str, str] = {}
    opening: tuple[str, ...] = ()
    methods: tuple[MethodRecord, ...] = ()
    default: str = ""
    guarantor: str = ""
    asked: str = ""
    business: bool = False
    language: str = ""
    country: str = ""
    profile_seq: int = 0
    client_seq: int = 0
    asks: int = 0
    failed: dict[str, str] = {}
    erasing: bool = False
    added: str = ""
    merged: str = ""
    answered: int = 0

    @property
    def erased(self) -> bool:
        """Is nothing left at any provider?"""
        return self.erasing and not self.customers and not self.opening

    def method(self, method_id: str) -> MethodRecord | None:
        """The method with this id."""
        return next((one for one in self.methods if one.id == method_id), None)

    @property
    def default_method(self) -> MethodRecord | None:
        """What is taken where none is named."""
        return self.method(self.default) or (self.methods[-1] if self.methods else None)
