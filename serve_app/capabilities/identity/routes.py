"""`/api/auth`: accounts and sessions of the caller."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.ids import ID_PATTERN
from serve_app.capabilities.identity import models
from serve_app.capabilities.identity.accounts.account_records import Account, AccountOwner
from serve_app.capabilities.identity.accounts.people import People
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.service import Identity, SignedIn
from serve_app.capabilities.identity.sessions.session_records import LoginSession, SessionDevice
from serve_app.edge.conventions.callers import sender_of
from serve_app.edge.conventions.paging import Page
from serve_app.edge.conventions.permits import permit, public, verified_of
from serve_app.edge.conventions.repeats.idempotency import belongs_to

_AGENT: Final = 200

Enter = Annotated[None, public("account.enter")]
Reader = Annotated[Principal, permit("account.read")]
Changer = Annotated[Principal, permit("account.change")]
Lister = Annotated[Principal, permit("session.read")]
Revoker = Annotated[Principal, permit("session.revoke")]
SessionId = Annotated[str, Path(pattern=ID_PATTERN)]


def origin_of(request: Request) -> RequestOrigin:
    """Where the request comes from."""
    agent = request.headers.get("user-agent", "")[:_AGENT]
    return RequestOrigin(sender_of(request.scope).address, agent, request.scope["request_id"])


From = Annotated[RequestOrigin, Depends(origin_of)]


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {} for status in statuses}


def auth_routes(identity: Identity, parts: Parts, people: People) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/auth", tags=["auth"])

    async def tokens(request: Request, signed: SignedIn) -> models.Tokens:
        belongs_to(request, signed.account.user)
        return tokens_of(signed, await parts.accounts.person(signed.account))

    @router.post("/register", operation_id="register", status_code=201, responses=_errors(409, 412))
    async def register(request: Request, body: models.Register, by: From, _: Enter) -> models.Tokens:
        """A new account, signed in."""
        person = AccountOwner(body.email, body.name)
        device = SessionDevice(body.device_name, by.agent, by.address)
        signed = await identity.register(
            person, body.password, device, body.device_id, invitation=body.invitation, by=by
        )
        return await tokens(request, signed)

    @router.post("/login", operation_id="login", responses=_errors(401, 412))
    async def login(request: Request, body: models.Login, by: From, _: Enter) -> models.Tokens:
        """A new session. 401 with `details.factor` when the code of the second factor is missing."""
        device = SessionDevice(body.device_name, by.agent, by.address)
        signed = await identity.login(
            body.email,
            body.password,
            body.code,
            device,
            device_id=body.device_id,
            device_token=body.device_token,
            by=by,
        )
        return await tokens(request, signed)

    @router.post("/refresh", operation_id="refresh_tokens", responses=_errors(401, 412))
    async def refresh(request: Request, body: models.Refresh, by: From, _: Enter) -> models.Tokens:
        """The next tokens. The old refresh token is used up; showing it again ends the session for everybody who
        holds a token of it."""
        return await tokens(request, await identity.refresh(body.refresh_token, by))

    @router.post("/logout", operation_id="logout", status_code=204)
    async def logout(request: Request, by: From, _: Revoker, body: models.Logout | None = None) -> Response:
        """End this session, or all of them. Their sockets are closed."""
        await identity.logout(verified_of(request), everywhere=body is not None and body.everywhere, by=by)
        return Response(status_code=204)

    @router.get("/me", operation_id="get_account")
    async def me(who: Reader) -> models.User:
        """The caller. Users of another issuer are known by id and role only."""
        account = await parts.accounts.get(who.user)
        if account is None:
            return models.User(user_id=who.user, role=who.role, account=False)
        return user_of(account, await parts.accounts.person(account))

    @router.patch("/me", operation_id="update_account", responses=_errors(404))
    async def rename_me(body: models.Rename, who: Changer) -> models.User:
        """Change the caller's name."""
        await parts.accounts.rename(await parts.accounts.need(who.user), body.name)
        return user_of(*await people.account(who.user))

    _password_routes(router, identity)
    _session_routes(router, identity, parts)
    return router


def _password_routes(router: APIRouter, identity: Identity) -> None:
    @router.post("/password", operation_id="change_password", status_code=204, responses=_errors(412))
    async def change(request: Request, body: models.ChangePassword, by: From, _: Changer) -> Response:
        """A new password. Other sessions end."""
        await identity.change_password(verified_of(request), body.current_password, body.new_password, by)
        return Response(status_code=204)

    @router.post(
        "/password/reset-request", operation_id="request_password_reset", status_code=202, response_class=Response
    )
    async def ask_reset(body: models.AskReset, by: From, _: Enter) -> Response:
        """Send a code to the address, if it has an account. The answer is the same if not."""
        await identity.ask_reset(body.email, by)
        return Response(status_code=202)

    @router.post("/password/reset", operation_id="reset_password", status_code=204, responses=_errors(401, 412))
    async def reset(body: models.Reset, by: From, _: Enter) -> Response:
        """A new password for a code. Every session ends."""
        await identity.reset(body.email, body.code, body.new_password, by)
        return Response(status_code=204)

    @router.post("/totp", operation_id="enrol_totp", responses=_errors(412))
    async def enrol(request: Request, body: models.ConfirmBody, by: From, _: Changer) -> models.Enrolment:
        """Begin with a second factor (RFC 6238). It is in force once it is confirmed."""
        secret, uri = await identity.enrol_totp(verified_of(request), body.password, by)
        return models.Enrolment(secret=secret, uri=uri)

    @router.post("/totp/confirm", operation_id="confirm_totp", responses=_errors(404, 412))
    async def confirm(request: Request, body: models.ConfirmCode, by: From, _: Changer) -> models.RecoveryCodes:
        """The second factor is in force. The recovery codes are told this once; each is good once."""
        return models.RecoveryCodes(recovery_codes=await identity.confirm_totp(verified_of(request), body.code, by))

    @router.post("/totp/remove", operation_id="remove_totp", status_code=204, responses=_errors(412))
    async def remove(request: Request, body: models.ConfirmBody, by: From, _: Changer) -> Response:
        """No second factor any more."""
        await identity.remove_totp(verified_of(request), body.password, by)
        return Response(status_code=204)


def _session_routes(router: APIRouter, identity: Identity, parts: Parts) -> None:
    @router.get("/sessions", operation_id="list_sessions")
    async def sessions(request: Request, who: Lister) -> Page[models.SessionView]:
        """Where the caller is signed in, the newest first."""
        current = verified_of(request).session
        return Page(items=[session_of(one, current) for one in await parts.sessions.of(who.user)])

    @router.delete("/sessions", operation_id="end_sessions", status_code=204)
    async def end_all(request: Request, by: From, _: Revoker) -> Response:
        """End every session, this one too."""
        await identity.logout(verified_of(request), everywhere=True, by=by)
        return Response(status_code=204)

    @router.patch("/sessions/{session_id}", operation_id="update_session", responses=_errors(404))
    async def rename(request: Request, session_id: SessionId, body: models.Rename, who: Revoker) -> models.SessionView:
        """Give a device a name."""
        renamed = await parts.sessions.rename(who.user, session_id, body.name)
        return session_of(renamed, verified_of(request).session)

    @router.delete("/sessions/{session_id}", operation_id="end_session", status_code=204, responses=_errors(404))
    async def end(session_id: SessionId, by: From, who: Revoker) -> Response:
        """End one session. Its sockets are closed, its tokens are void."""
        await identity.end_session(who.user, session_id, by)
        return Response(status_code=204)


def tokens_of(signed: SignedIn, person: AccountOwner | None) -> models.Tokens:
    """The answer to whoever signed in."""
    return models.Tokens(
        access_token=signed.access_token,
        refresh_token=signed.refresh_token,
        expires_in=signed.expires_in_s,
        session_id=signed.session.id,
        device_id=signed.session.device,
        device_token=signed.device_token or None,
        user=user_of(signed.account, person),
    )


def user_of(account: Account, person: AccountOwner | None) -> models.User:
    """An account as its owner, or an administrator, sees it."""
    return models.User(
        user_id=account.user,
        role=account.role,
        account=True,
        email=person.email if person is not None else None,
        name=person.name if person is not None else None,
        status=account.status,
        totp=account.totp is not None and account.totp.on,
        created_at=to_rfc3339(account.created_at),
    )


def session_of(session: LoginSession, current: str) -> models.SessionView:
    """A session as its owner sees it."""
    return models.SessionView(
        session_id=session.id,
        device_id=session.device,
        name=session.about.name,
        user_agent=session.about.agent,
        address=session.about.address,
        started_at=to_rfc3339(session.started_at),
        seen_at=to_rfc3339(session.seen_at),
        current=session.id == current,
    )
