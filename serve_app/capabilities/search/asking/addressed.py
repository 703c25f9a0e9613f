"""People by their e-mail address: only in full, and only for staff. No index knows of it: the account is looked up."""

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.search.asking.wanted import Wanted
from serve_app.capabilities.search.sources.people import PEOPLE, STAFF


class Addresses:
    """One a process."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def owner(self, wanted: Wanted, by: Principal) -> str | None:
        """Whose address it is that is asked for; None: nobody's, or the caller is not to know. Raises Unavailable."""
        if not wanted.is_address or by.role not in STAFF or not any(one.type == PEOPLE for one in wanted.kinds):
            return None
        account = await self._accounts.by_mail(wanted.q.strip())
        return None if account is None or account.status != "active" else account.user
