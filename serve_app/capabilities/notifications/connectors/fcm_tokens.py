"""Access tokens of a service account of Google's, made once an hour."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from common.clock import Clock
from serve_app.activities.connector import Later, Misconfigured

_SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
_GOOD_FOR_S: Final = 3300.0  # of the 3600 that Google gives
_PATIENCE_S: Final = 8.0
_WRONG: Final = "The file of CAREWIRE_PUSH__FCM_CREDENTIALS is no service account of Firebase."


@dataclass(frozen=True, slots=True)
class Access:
    """What requests are made with. `made_of`: the state of the file that it was made of."""

    token: str
    project: str
    until_s: float
    made_of: float


class AccessTokens:
    """Made in a thread, once for all who ask meanwhile. A new file is read as soon as somebody asks."""

    def __init__(self, file: Path, clock: Clock, ca_file: Path | None = None) -> None:
        self._file, self._clock, self._ca_file = file, clock, ca_file
        self._access: Access | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> Access:
        """A token that is good.

        Raises:
            Misconfigured: there is no such file, or Google does not take what is in it.
            Later: Google cannot be reached.
        """
        if (access := self._good()) is not None:
            return access
        async with self._one_at_a_time:
            if (access := self._good()) is None:
                self._access = access = await asyncio.to_thread(self._make)
        return access

    def forget(self) -> None:
        """It is not taken any more."""
        self._access = None

    def _good(self) -> Access | None:
        access = self._access
        if access is None or access.until_s <= self._clock.monotonic_s() or access.made_of != self._changed():
            return None
        return access

    def _changed(self) -> float:
        try:
            return self._file.stat().st_mtime
        except OSError:
            return 0.0

    def _make(self) -> Access:
        until_s, changed = self._clock.monotonic_s() + _GOOD_FOR_S, self._changed()
        try:
            account = json.loads(self._file.read_text("utf-8"))
            credentials: Any = Credentials.from_service_account_info(account, scopes=[_SCOPE])  # type: ignore[no-untyped-call]
            project = str(account["project_id"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a list has no keys, and google-auth asks
            raise Misconfigured(_WRONG) from None
        with requests.Session() as session:
            session.verify = True if self._ca_file is None else str(self._ca_file)
            request = Request(session)
            try:
                credentials.refresh(lambda *args, **options: request(*args, **(options | {"timeout": _PATIENCE_S})))
            except TransportError as error:
                raise Later("unreachable", "Google's tokens cannot be reached.") from error
            except GoogleAuthError as error:
                if error.retryable:
                    raise Later("busy", "Google makes no tokens just now.") from error
                raise Misconfigured("Google refuses the account of CAREWIRE_PUSH__FCM_CREDENTIALS.") from error
        return Access(str(credentials.token), project, until_s, changed)
