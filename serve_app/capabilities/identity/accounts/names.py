"""How people are called who must not be named, from their accounts."""

from collections.abc import Sequence
from typing import Final

from actors.rooms.conversation.words import words_of
from common.auth.keys import derive
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.sealing import Sealing
from store.mongo.client import Database
from store.ports.vault import Vault


def names_of(database: Database, vault: Vault, root: str) -> "AccountNames":
    """Those of any process."""
    return AccountNames(Accounts(database, Sealing(vault, derive(root, "index"))))


class AccountNames:
    """`actors.rooms.service.Names`. Of those whose account is elsewhere only their id is known."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts: Final = accounts

    async def words_of(self, user: str) -> Sequence[str]:
        """See `Names`. Raises Unavailable."""
        if not user:
            return ()
        account = await self._accounts.get(user)
        owner = None if account is None else await self._accounts.person(account)
        if owner is None:
            return words_of(user, "", "")
        return words_of(user, owner.name, owner.email)
