"""Whether what was registered in a session may still be used: asked whenever it is, so that the end of a session is the
end of it at once."""

from common.clock import Clock
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.session_records import COLLECTION
from store.mongo.client import Database, database_errors


class LivingSessions:
    """Reads what identity wrote."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._sessions = database[COLLECTION]
        self._revocations = Revocations(database, clock, session_memory_s=0.0)

    async def lives(self, user: str, session: str, since_ms: int) -> bool:
        """Has neither the person been blocked since, nor this session ended? A session "" is another issuer's: it lasts
        until all that the person had by `since_ms` was revoked.

        Raises:
            Unavailable: the database does not answer.
        """
        for revocation in await self._revocations.of([user]):
            whole = not revocation.session and not revocation.token
            if whole and (revocation.blocked or (not session and revocation.before_ms > since_ms)):
                return False
        if not session:
            return True
        with database_errors():
            return await self._sessions.find_one({"_id": session, "user": user, "ended": False}) is not None
