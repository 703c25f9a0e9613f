"""Accounts of others, and what is transferred to them."""

from dataclasses import dataclass, field

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.faults import bad_request, refused


@dataclass
class Connect:
    """The rules of both. `inside`: what moved within accounts."""

    books: Books
    inside: list[Object] = field(default_factory=list)

    def create(self, asked: Object) -> Object:
        account = self.books.add(
            "acct",
            "account",
            capabilities={},
            charges_enabled=False,
            country=asked.get("country", "DE"),
            default_currency="eur",
            details_submitted=False,
            email=None,
            metadata=asked.get("metadata") or {},
            payouts_enabled=False,
            requirements={"currently_due": ["external_account", "individual.verification.document"]},
            type=asked.get("type", "none"),
        )
        self.books.tell("account.updated", account)
        return account

    def link(self, asked: Object) -> Object:
        self.books.get("account", asked["account"])
        expires = int(self.books.now_s()) + 300
        url = f"https://connect.stripe.test/setup/{asked['account']}"
        return {"object": "account_link", "created": expires - 300, "expires_at": expires, "url": url}

    def complete(self, id_: str) -> Object:
        """Its owner has filled it in."""
        account = self.books.get("account", id_)
        account |= {"payouts_enabled": True, "details_submitted": True, "requirements": {"currently_due": []}}
        self.books.tell("account.updated", account)
        return account

    def held(self, id_: str, currency: str) -> int:
        """What lies in an account, and at no bank."""
        return sum(one["net"] for one in self.inside if (one["account"], one["currency"]) == (id_, currency))

    def balance(self, id_: str) -> Object:
        """An account's own balance, as it is asked for with `Stripe-Account`."""
        self.books.get("account", id_)
        currencies = sorted({one["currency"] for one in self.inside if one["account"] == id_})
        available = [{"amount": self.held(id_, one), "currency": one, "source_types": {}} for one in currencies]
        return {"object": "balance", "livemode": False, "available": available, "pending": []}

    def bank_takes(self, id_: str, currency: str = "eur") -> None:
        """All that lies in an account goes to its owner's bank."""
        self._inside(id_, currency, -self.held(id_, currency))

    def bank_refuses(self, id_: str, currency: str = "eur") -> None:
        """The bank does not take it: the account takes no payouts until its owner names another."""
        account = self.books.get("account", id_)
        account |= {"payouts_enabled": False, "requirements": {"currently_due": ["external_account"]}}
        payout = {
            "id": self.books.new_id("po"),
            "object": "payout",
            "amount": self.held(id_, currency),
            "currency": currency,
            "failure_code": "account_closed",
            "status": "failed",
        }
        self.books.tell("payout.failed", payout, account=id_)
        self.books.tell("account.updated", account)

    def _inside(self, id_: str, currency: str, net: int) -> None:
        self.inside.append({"account": id_, "currency": currency, "net": net})

    def transfer(self, asked: Object) -> Object:
        """Raises StripeFault: there is not so much, or nobody to take it."""
        account = self.books.get("account", asked["destination"])
        amount = asked.get("amount", 0)
        if amount <= 0:
            raise bad_request("parameter_invalid_integer", "amount", "This value must be greater than 0.")
        if not account["payouts_enabled"]:
            raise refused("insufficient_capabilities_for_transfer", "The account cannot take transfers.")
        if self.books.balance(asked["currency"]) < amount:
            raise refused("balance_insufficient", "You have insufficient available funds in your account.")
        made = self.books.add(
            "tr",
            "transfer",
            amount=amount,
            amount_reversed=0,
            balance_transaction=None,
            currency=asked["currency"],
            description=asked.get("description"),
            destination=account["id"],
            metadata=asked.get("metadata") or {},
            reversals={"object": "list", "data": [], "has_more": False, "url": "/v1/transfers"},
            reversed=False,
            source_transaction=None,
            transfer_group=asked.get("transfer_group"),
        )
        made["balance_transaction"] = self.books.move("transfer", made, -amount, 0)["id"]
        self._inside(account["id"], asked["currency"], amount)
        self.books.tell("transfer.created", made)
        return made

    def reverse(self, id_: str, asked: Object) -> Object:
        """Raises StripeFault: so much was not transferred."""
        transfer = self.books.get("transfer", id_)
        left = transfer["amount"] - transfer["amount_reversed"]
        amount = asked.get("amount", left)
        if self.held(transfer["destination"], transfer["currency"]) < amount:
            raise refused("balance_insufficient", "The account does not hold so much any more.")
        if not 0 < amount <= left:
            raise bad_request("amount_too_large", "amount", "So much cannot be reversed.")
        made = self.books.add(
            "trr",
            "transfer_reversal",
            amount=amount,
            balance_transaction=None,
            currency=transfer["currency"],
            destination_payment_refund=None,
            metadata=asked.get("metadata") or {},
            source_refund=None,
            transfer=id_,
        )
        made["balance_transaction"] = self.books.move("transfer_cancel", made, amount, 0)["id"]
        self._inside(transfer["destination"], transfer["currency"], -amount)
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        self.books.tell("transfer.reversed", transfer)
        return made
