"""Looking at a link, which changes nothing, however often machines do it; and doing what it says, once."""

from dataclasses import dataclass

import msgspec

from actors.notifications.action_titles import title_of
from common.auth.links import Action, Link, LinkTokens
from common.clock import Clock
from common.errors import CarewireError, FailedPrecondition
from serve_app.capabilities.links.actions import Actions, Result, State, is_stale


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """What a link would do, and whether it still can. `title` is for people."""

    action: Action
    title: str
    state: State


class LinkDone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It is done. `already`: it had been before; `result` is how things stand."""

    state: State
    result: Result
    already: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """One a process."""

    tokens: LinkTokens
    actions: Actions
    clock: Clock

    async def look(self, token: str, locale: str = "en") -> LinkState:
        """What it would do.

        Raises:
            NotFound: there is no such link.
        """
        link = self.tokens.read(token)
        return LinkState(action=link.action, title=title_of(link.action, locale), state=await self._state(link))

    async def act(self, token: str, choice: str = "") -> LinkDone:
        """Do it. A repeat changes nothing, and says how things stand.

        Raises:
            NotFound: there is no such link.
            FailedPrecondition: it has expired, or what it acts on has changed since (`details.state`).
            InvalidArgument: there is no such choice.
        """
        link = self.tokens.read(token)
        doing = self.actions.of(link)
        try:
            before = await doing.look(link)
        except CarewireError as error:
            raise _refused(error) from error
        if before.state == "done":
            return LinkDone(state="done", result=before.result, already=True)
        if self._expired(link):
            raise _over("expired")
        if before.state == "stale":
            raise _over("stale")
        try:
            return LinkDone(state="done", result=await doing.act(link, choice))
        except CarewireError as error:
            if not is_stale(error):
                raise
            after = await doing.look(link)  # somebody was faster: perhaps the same person, twice
            if after.state == "done":
                return LinkDone(state="done", result=after.result, already=True)
            raise _over("stale") from error

    async def _state(self, link: Link) -> State:
        try:
            found = (await self.actions.of(link).look(link)).state
        except CarewireError as error:
            if not is_stale(error):
                raise
            return "stale"
        return "expired" if found == "open" and self._expired(link) else found

    def _expired(self, link: Link) -> bool:
        return link.expires_s * 1000 <= self.clock.platform_ms()


def _refused(error: CarewireError) -> CarewireError:
    """What is not there any more has changed since the link was made."""
    return _over("stale") if is_stale(error) else error


def _over(state: State) -> FailedPrecondition:
    told = {
        "expired": "This link has expired. Please do it in Carewire.",
        "stale": "Things have changed since this link was made. Please look in Carewire.",
    }
    return FailedPrecondition(told[state], details={"state": state})
