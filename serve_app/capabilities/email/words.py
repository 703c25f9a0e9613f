"""The words of each mail. They tell what happened and what to do, and nothing that a passer-by should not read.

`_` marks what catalogues translate; it is looked up when a mail is made, in the language of its reader. `{name}` stands
for a value of the mail: what ends in `_ms` there is shown as a moment (`{starts_at}` of `starts_at_ms`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """One template. `subject` holds no code: it is shown on locked screens. A paragraph of which a value is missing is
    left out. `link`: a path below the public URL, where the mail names none. `version` grows with each change.
    `form`: see `templates`. `own`: the notification's own title and body are shown, if it has
    any. `security`: the safety of an account or a person hangs on it. `optional`: people can do without such mails."""

    subject: str
    text: tuple[str, ...]
    link: str = ""
    button: str = ""
    closing: tuple[str, ...] = ()
    version: int = 1
    form: Literal["notice", "digest"] = "notice"
    own: bool = False
    security: bool = False
    optional: bool = False


def _(text: str) -> str:
    return text


_NOT_YOU: Final = _("If this was not you, change your password now, and end the sessions that you do not know.")
_SAFE: Final = _("If you did not ask for it, ignore this message: nothing changes without the code.")
_OPEN: Final = _("Open Carewire")
_SESSION: Final = _("See the session")
_PAYMENT: Final = _("See the payment")
_SHEET: Final = _("Open the worksheet")
_WHEN: Final = _("It begins on {starts_at}.")

_IDENTITY: Final[Mapping[str, MailTemplate]] = {
    "password_reset": MailTemplate(
        subject=_("Your code to choose a new password"),
        text=(_("Somebody asked for a new password for your account. This is the code:"),),
        link="/reset",
        button=_("Choose a new password"),
        closing=(_SAFE,),
        version=2,
        security=True,
    ),
    "invitation": MailTemplate(
        subject=_("You are invited"),
        text=(_("You are invited to open an account. Register with this address and this invitation:"),),
        link="/register",
        button=_("Register"),
        closing=(_("If you do not expect an invitation, ignore this message."),),
        version=2,
        security=True,
    ),
    "new_sign_in": MailTemplate(
        _("A new sign-in to your account"),
        (_("Your account was used on a device that it has not seen before."), _NOT_YOU),
        security=True,
    ),
    "session_stolen": MailTemplate(
        _("A session of yours was ended"),
        (
            _("Two devices used the same session of your account, so it was ended. Please sign in again."),
            _NOT_YOU,
        ),
        security=True,
    ),
    "password_changed": MailTemplate(
        _("Your password was changed"), (_("The password of your account was changed."), _NOT_YOU), security=True
    ),
    "totp_removed": MailTemplate(
        _("Your second factor was removed"),
        (_("Signing in to your account needs no second factor any more."), _NOT_YOU),
        security=True,
    ),
    "recovery_code_used": MailTemplate(
        _("A recovery code was used"),
        (
            _("Somebody signed in to your account with a recovery code instead of the second factor."),
            _NOT_YOU,
        ),
        security=True,
    ),
    "login_locked": MailTemplate(
        _("Signing in to your account has to wait"),
        (
            _(
                "There were many attempts to sign in to your account with a wrong password, so it has to wait for a "
                "while."
            ),
            _("If it was not you: your password has held. Choose a new one if you use it elsewhere too."),
        ),
        security=True,
    ),
    "register_attempted": MailTemplate(
        _("You have an account already"),
        (
            _("Somebody tried to open an account with this address, which has one."),
            _("If it was you: sign in, or ask for a new password."),
        ),
        security=True,
    ),
    "security_code": MailTemplate(
        _("Your code"), (_("This is the code that you asked for:"),), closing=(_SAFE,), security=True
    ),
    "security_notice": MailTemplate(
        _("A notice about the security of your account"),
        (_("Something changed in the security of your account. Sign in to see what."), _NOT_YOU),
        "/security",
        _OPEN,
        security=True,
    ),
}

_APPOINTMENTS: Final[Mapping[str, MailTemplate]] = {
    "appointment_reminder": MailTemplate(
        _("A reminder of your session"), (_("You have a session soon."), _WHEN), "/bookings", _SESSION, optional=True
    ),
    "booking_requested": MailTemplate(
        _("A session was requested"),
        (_("Somebody would like to have a session with you."), _WHEN),
        "/bookings",
        _SESSION,
    ),
    "booking_confirmed": MailTemplate(
        _("Your session is confirmed"), (_("Your session is confirmed."), _WHEN), "/bookings", _SESSION
    ),
    "booking_changed": MailTemplate(
        _("Your session has changed"),
        (_("Your session has another time or place now."), _WHEN),
        "/bookings",
        _SESSION,
    ),
    "booking_cancelled": MailTemplate(
        _("Your session is cancelled"),
        (_("This session will not take place."), _("It would have begun on {starts_at}.")),
        "/bookings",
        _("See your sessions"),
    ),
    "waitlist_offer": MailTemplate(
        _("A time has become free"),
        (_("You asked to be told: a time has become free."), _WHEN, _("It is kept for you until {expires_at}.")),
        "/bookings",
        _("See the offer"),
        optional=True,
    ),
}

_PAYMENTS: Final[Mapping[str, MailTemplate]] = {
    "payment_succeeded": MailTemplate(
        _("Your payment has arrived"), (_("Thank you: your payment of {amount} has arrived."),), "/payments", _PAYMENT
    ),
    "payment_failed": MailTemplate(
        _("Your payment did not succeed"),
        (_("Your payment of {amount} did not succeed. Nothing was charged."),),
        "/payments",
        _PAYMENT,
    ),
    "payment_action_required": MailTemplate(
        _("Your payment needs something from you"),
        (_("Your payment of {amount} waits for you to confirm it."),),
        "/payments",
        _PAYMENT,
    ),
    "payment_refunded": MailTemplate(
        _("You get money back"), (_("{amount} is on its way back to you."),), "/payments", _PAYMENT
    ),
    "invoice_ready": MailTemplate(
        _("Your invoice is ready"), (_("Your invoice of {amount} is ready."),), "/payments", _("See the invoice")
    ),
    "subscription_changed": MailTemplate(
        _("Your subscription has changed"), (_("Something changed in your subscription."),), "/payments", _OPEN
    ),
}

_WORKSHEETS: Final[Mapping[str, MailTemplate]] = {
    "worksheet_assigned": MailTemplate(
        _("You have a new worksheet"),
        (_("A worksheet waits for you."), _("It is due on {due_at}.")),
        "/worksheets",
        _SHEET,
        optional=True,
    ),
    "worksheet_due": MailTemplate(
        _("A worksheet is due"), (_("A worksheet is due on {due_at}."),), "/worksheets", _SHEET, optional=True
    ),
    "worksheet_submitted": MailTemplate(
        _("A worksheet was handed in"),
        (_("Somebody has handed in a worksheet."),),
        "/worksheets",
        _SHEET,
        optional=True,
    ),
    "worksheet_feedback": MailTemplate(
        _("There is feedback on your worksheet"),
        (_("Your worksheet has been read."),),
        "/worksheets",
        _SHEET,
        optional=True,
    ),
    "clarification_requested": MailTemplate(
        _("There is a question about your worksheet"),
        (_("There is a question about what you wrote."),),
        "/worksheets",
        _SHEET,
        optional=True,
    ),
    "worksheet_alert": MailTemplate(
        _("Please look at a worksheet"),
        (_("An answer in a worksheet needs your attention now."),),
        "/worksheets",
        _SHEET,
    ),
}

_OTHERS: Final[Mapping[str, MailTemplate]] = {
    "chat_message": MailTemplate(
        _("You have new messages"),
        (_("Somebody has written to you."),),
        "/messages",
        _("Read the messages"),
        optional=True,
    ),
    "missed_call": MailTemplate(
        _("You missed a call"), (_("Somebody has called you on {called_at}."),), "/calls", _OPEN, optional=True
    ),
    "somebody_waiting": MailTemplate(
        _("Somebody waits for you"),
        (_("Somebody is in the waiting room of your meeting."),),
        "/meetings",
        _OPEN,
        optional=True,
    ),
    "recording_ready": MailTemplate(
        _("A recording is ready"), (_("The recording of a meeting is ready."),), "/meetings", _OPEN, optional=True
    ),
    "session_outcome": MailTemplate(
        _("How did the session go?"),
        (_("Please say whether the session took place."),),
        "/bookings",
        _SESSION,
        optional=True,
    ),
    "emergency_alert": MailTemplate(
        _("Emergency: somebody needs help now"),
        (
            _("Somebody in your care has called for help. Open Carewire now, and take it over."),
            _("Nobody has been told that you have read this mail: only what you do in Carewire counts."),
        ),
        "/emergencies",
        _("Open the emergency"),
        security=True,
    ),
    "system_update": MailTemplate(
        _("Carewire has changed"), (_("There is something new."),), "", _OPEN, own=True, optional=True
    ),
    "maintenance": MailTemplate(
        _("Carewire will be away for a while"),
        (_("Carewire is not available from {starts_at} to {ends_at}."),),
        own=True,
        optional=True,
    ),
    "announcement": MailTemplate(
        _("An announcement"), (_("There is an announcement for you."),), "", _OPEN, own=True, optional=True
    ),
    "safety_alert": MailTemplate(
        _("Somebody in your care may be in danger"),
        (_("Somebody in your care has written words of danger. Open Carewire now, and look at it."),),
        "/cases",
        _("See the case"),
        security=True,
    ),
    "report_updated": MailTemplate(
        _("There is news about your report"),
        (_("Something you have reported is being looked at, or was decided."),),
        "/reports",
        _("See the report"),
        optional=True,
    ),
    "message_held": MailTemplate(
        _("A message of yours is being looked at"),
        (_("A message that you wrote is held until somebody has looked at it."),),
        "",
        _OPEN,
        optional=True,
    ),
    "case_overdue": MailTemplate(
        _("A case is overdue"),
        (_("A case has waited for longer than it should."),),
        "/cases",
        _("See the case"),
        optional=True,
    ),
    "cover_changed": MailTemplate(
        _("A cover has changed"), (_("Who stands in for whom has changed."),), "/care", _OPEN, optional=True
    ),
    "digest": MailTemplate(
        _("What happened in Carewire"),
        (_("This is what waited for you:"),),
        "/notifications",
        _("See all"),
        form="digest",
        optional=True,
    ),
}

WORDS: Final[Mapping[str, MailTemplate]] = {**_IDENTITY, **_APPOINTMENTS, **_PAYMENTS, **_WORKSHEETS, **_OTHERS}
FOOTER: Final = _("This mail was written by a machine. Nobody reads answers to it.")
UNSUBSCRIBE: Final = _("No more mails of this kind")
FACTS: Final[Mapping[str, str]] = {
    "therapist": _("With"),
    "service": _("What"),
    "place": _("Where"),
    "reference": _("Reference"),
}
"""Values that are shown in a table, by the member of `Mail.values`."""


def messages() -> list[str]:
    """All that a catalogue translates."""
    found = [FOOTER, UNSUBSCRIBE, *FACTS.values()]
    for words in WORDS.values():
        found += [words.subject, *words.text, *words.closing, *([words.button] if words.button else [])]
    return list(dict.fromkeys(found))
