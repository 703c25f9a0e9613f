"""The words of each mail. They tell what happened and what to do, and nothing that a passer-by should not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """`subject` holds no code: it is shown on locked screens. `{code}` stands for it in `text`, `{link}` for where to
    go; a paragraph with a link is left out where there is none."""

    subject: str
    text: tuple[str, ...]
    link: str = ""  # path below the public URL


_NOT_YOU: Final = "If this was not you, change your password now, and end the sessions that you do not know."
_SAFE: Final = "If you did not ask for it, ignore this message: nothing changes without the code."

WORDS: Final[Mapping[str, Words]] = {
    "password_reset": Words(
        "Your code to choose a new password",
        ("Somebody asked for a new password for your account. This is the code:", "{code}", "{link}", _SAFE),
        "/reset",
    ),
    "invitation": Words(
        "You are invited",
        (
            "You are invited to open an account. Register with this address and this invitation:",
            "{code}",
            "{link}",
            "If you do not expect an invitation, ignore this message.",
        ),
        "/register",
    ),
    "new_sign_in": Words(
        "A new sign-in to your account", ("Your account was used on a device that it has not seen before.", _NOT_YOU)
    ),
    "session_stolen": Words(
        "A session of yours was ended",
        ("Two devices used the same session of your account, so it was ended. Please sign in again.", _NOT_YOU),
    ),
    "password_changed": Words("Your password was changed", ("The password of your account was changed.", _NOT_YOU)),
    "totp_removed": Words(
        "Your second factor was removed",
        ("Signing in to your account needs no second factor any more.", _NOT_YOU),
    ),
    "recovery_code_used": Words(
        "A recovery code was used",
        ("Somebody signed in to your account with a recovery code instead of the second factor.", _NOT_YOU),
    ),
    "login_locked": Words(
        "Signing in to your account has to wait",
        (
            "There were many attempts to sign in to your account with a wrong password, so it has to wait for a while.",
            "If it was not you: your password has held. Choose a new one if you use it elsewhere too.",
        ),
    ),
    "register_attempted": Words(
        "You have an account already",
        (
            "Somebody tried to open an account with this address, which has one.",
            "If it was you: sign in, or ask for a new password.",
        ),
    ),
}
