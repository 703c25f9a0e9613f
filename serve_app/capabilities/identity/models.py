"""What the identity endpoints take and give. Members that they do not know are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.ids import ID_PATTERN
from common.lines import Line
from common.persons import UserId
from serve_app.capabilities.identity.accounts.email_addresses import Email, KnownEmail
from serve_app.capabilities.identity.accounts.passwords import LONGEST

Id = Annotated[str, Field(pattern=ID_PATTERN, examples=["usr_01KAFZ7Q2M3N4P5R6S7T8V9W0X"])]
Password = Annotated[str, Field(min_length=8, max_length=LONGEST, examples=["correct horse battery staple"])]
AnyPassword = Annotated[str, Field(min_length=1, max_length=LONGEST, examples=["correct horse battery staple"])]
Name = Annotated[Line, Field(max_length=100, examples=["Ada"])]
Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{6,16}$", examples=["123456"])]
Role = Literal["client", "therapist", "moderator", "admin"]


class IdentityBody(BaseModel):
    """Base of what is sent: nothing unknown, and nothing that only looks like it (0 is not false)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DeviceBody(IdentityBody):
    """The device that signs in. Without an id it gets one."""

    device_id: Id | None = None
    device_name: Name = ""


class Register(DeviceBody):
    """A new account. With an invitation it has the role of that, otherwise it is a client's."""

    email: Email
    password: Password
    name: Name = ""
    invitation: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class Login(DeviceBody):
    """`code`: of the second factor. `device_token`: what this device got at its last login, so that it is known."""

    email: KnownEmail
    password: AnyPassword
    code: Code | None = None
    device_token: Annotated[str, Field(max_length=256)] | None = None


class Refresh(IdentityBody):
    """The newest refresh token of the session."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=512)]


class Logout(IdentityBody):
    """`everywhere`: every session, not only this one."""

    everywhere: bool = False


class ChangePassword(IdentityBody):
    """The present password, and the next."""

    current_password: AnyPassword
    new_password: Password


class AskReset(IdentityBody):
    """Whose password was forgotten."""

    email: KnownEmail


class Reset(IdentityBody):
    """The code that was sent, and a new password."""

    email: KnownEmail
    code: Code
    new_password: Password


class ConfirmBody(IdentityBody):
    """The caller's password, again."""

    password: AnyPassword


class ConfirmCode(IdentityBody):
    """A code of the authenticator app."""

    code: Code


class Rename(IdentityBody):
    """A new name."""

    name: Name


class User(BaseModel):
    """A user. `account` is false for users of another issuer, of whom only id and role are known here."""

    user_id: UserId
    role: str
    account: bool
    email: str | None = None
    name: str | None = None
    status: str = "active"
    totp: bool = False
    created_at: str | None = None


class Tokens(BaseModel):
    """A session. Send `access_token` as bearer; trade `refresh_token` in, once, before it expires."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # the name of the scheme (RFC 6750), no secret  # noqa: S105
    expires_in: int
    session_id: str
    device_id: str
    device_token: str | None = None
    user: User


class SessionView(BaseModel):
    """One session of the caller's."""

    session_id: str
    device_id: str
    name: str
    user_agent: str
    address: str
    started_at: str
    seen_at: str
    current: bool


class Enrolment(BaseModel):
    """A second factor to be: for the authenticator app."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """To be kept for when the device is lost."""

    recovery_codes: list[str]


class Invite(IdentityBody):
    """Whom, and as what."""

    email: Email
    role: Literal["therapist", "moderator", "admin"] = "therapist"


class InvitationView(BaseModel):
    """`code` only in the answer to the one who made it."""

    invitation_id: str
    role: str
    invited_by: str
    expires_at: str
    used_by: UserId | None = None
    code: str | None = None


class ChangeUser(IdentityBody):
    """What is given, changes. A block needs a reason."""

    role: Role | None = None
    blocked: bool | None = None
    reason: Annotated[Line, Field(max_length=500)] = ""
