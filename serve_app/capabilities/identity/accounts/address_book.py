"""Where people are written to: the address that their account has at that moment."""

from serve_app.capabilities.identity.accounts.account_records import Accounts


class AccountAddresses:
    """Reads the accounts."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def address_of(self, user: str) -> str | None:
        """None: there is no such account, or it was erased. Raises Unavailable."""
        account = await self._accounts.get(user)
        person = None if account is None else await self._accounts.person(account)
        return None if person is None else person.email
