"""The words of notifications that Carewire makes itself, in the languages that it has. They quote nobody: a passer-by
may read them. `{when}` is a moment in the person's zone; `{count}` a number."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from common.timeline import kept_zone, wall_of

if TYPE_CHECKING:
    from datetime import datetime

LOCALES: Final = ("en", "de")
_WHEN: Final = {
    "en": "{weekday}, {day} {month} {year}, {time}",
    "de": "{weekday}, {day}. {month} {year}, {time} Uhr",
}
_WEEKDAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS: Final = {
    "en": (
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ]
    ),
    "de": (
        [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ]
    ),
}
_Words = tuple[str, str]
_WORDS: Final[Mapping[str, Mapping[str, _Words]]] = {
    "en": {
        "appointment_reminder": ("Your appointment is coming up", "{when}"),
        "booking_requested": ("An appointment was requested", "{when}"),
        "booking_confirmed": ("Your appointment is confirmed", "{when}"),
        "booking_changed": ("Your appointment has changed", "{when}"),
        "booking_cancelled": ("Your appointment is cancelled", "{when}"),
        "waitlist_offer": ("A time has become free for you", "{when}"),
        "payment_succeeded": ("Your payment has arrived", ""),
        "payment_failed": ("A payment did not go through", "Please look at your payment method."),
        "payment_action_required": ("A payment needs you", "Your bank asks you to confirm it."),
        "payment_refunded": ("You get money back", ""),
        "invoice_ready": ("An invoice is ready", ""),
        "subscription_changed": ("Your subscription has changed", ""),
        "worksheet_assigned": ("You have new work to do", ""),
        "worksheet_due": ("Work of yours is due", "{when}"),
        "worksheet_submitted": ("Work was handed in", ""),
        "worksheet_feedback": ("There is feedback on your work", ""),
        "clarification_requested": ("There is a question about a worksheet", ""),
        "worksheet_alert": ("An answer needs your attention", ""),
        "chat_message": ("New messages", "{count} unread"),
        "message_mention": ("You were mentioned", "Open the conversation to read it."),
        "message_ack_requested": ("Please confirm a message", "Somebody asks you to confirm that you have read it."),
        "incoming_call": ("You are being called", ""),
        "missed_call": ("You missed a call", "{when}"),
        "somebody_waiting": ("Somebody is waiting for you", ""),
        "recording_ready": ("A recording is ready", ""),
        "session_outcome": ("How did the session go?", "{when}"),
        "emergency_alert": ("Emergency: somebody needs help", "Open the app and answer."),
        "system_update": ("Carewire has been updated", ""),
        "maintenance": ("Maintenance is planned", "{when}"),
        "announcement": ("News for you", ""),
        "safety_alert": ("Somebody in your care may be in danger", "Open the app and look."),
        "report_updated": ("There is news about your report", ""),
        "message_held": ("A message of yours is being looked at", ""),
        "case_overdue": ("A case is overdue", ""),
        "cover_changed": ("Somebody stands in from now on", ""),
        "security_code": ("Your code", ""),
        "security_notice": ("Something happened to your account", "If this was not you, change your password now."),
        "several": ("News for you", "{count} notifications"),
        "test": ("This is a test", "Notifications reach this device."),
    },
    "de": {
        "appointment_reminder": ("Ihr Termin steht bevor", "{when}"),
        "booking_requested": ("Ein Termin wurde angefragt", "{when}"),
        "booking_confirmed": ("Ihr Termin ist bestätigt", "{when}"),
        "booking_changed": ("Ihr Termin hat sich geändert", "{when}"),
        "booking_cancelled": ("Ihr Termin ist abgesagt", "{when}"),
        "waitlist_offer": ("Für Sie ist ein Termin frei geworden", "{when}"),
        "payment_succeeded": ("Ihre Zahlung ist eingegangen", ""),
        "payment_failed": ("Eine Zahlung ist fehlgeschlagen", "Bitte prüfen Sie Ihr Zahlungsmittel."),
        "payment_action_required": ("Eine Zahlung braucht Sie", "Ihre Bank bittet um Bestätigung."),
        "payment_refunded": ("Sie erhalten Geld zurück", ""),
        "invoice_ready": ("Eine Rechnung liegt bereit", ""),
        "subscription_changed": ("Ihr Abonnement hat sich geändert", ""),
        "worksheet_assigned": ("Sie haben eine neue Aufgabe", ""),
        "worksheet_due": ("Eine Aufgabe ist fällig", "{when}"),
        "worksheet_submitted": ("Eine Aufgabe wurde abgegeben", ""),
        "worksheet_feedback": ("Es gibt eine Rückmeldung zu Ihrer Aufgabe", ""),
        "clarification_requested": ("Es gibt eine Frage zu einem Arbeitsblatt", ""),
        "worksheet_alert": ("Eine Antwort braucht Ihre Aufmerksamkeit", ""),
        "chat_message": ("Neue Nachrichten", "{count} ungelesen"),
        "message_mention": ("Sie wurden erwähnt", "Öffnen Sie die Unterhaltung, um es zu lesen."),
        "message_ack_requested": ("Bitte bestätigen Sie eine Nachricht", "Jemand bittet Sie, das Lesen zu bestätigen."),
        "incoming_call": ("Sie werden angerufen", ""),
        "missed_call": ("Verpasster Anruf", "{when}"),
        "somebody_waiting": ("Jemand wartet auf Sie", ""),
        "recording_ready": ("Eine Aufnahme liegt bereit", ""),
        "session_outcome": ("Wie ist die Sitzung verlaufen?", "{when}"),
        "emergency_alert": ("Notfall: Jemand braucht Hilfe", "Öffnen Sie die App und antworten Sie."),
        "system_update": ("Carewire wurde aktualisiert", ""),
        "maintenance": ("Wartung ist geplant", "{when}"),
        "announcement": ("Neuigkeiten für Sie", ""),
        "safety_alert": ("Jemand in Ihrer Obhut ist vielleicht in Gefahr", "Öffnen Sie die App und sehen Sie nach."),
        "report_updated": ("Es gibt Neues zu Ihrer Meldung", ""),
        "message_held": ("Eine Nachricht von Ihnen wird geprüft", ""),
        "case_overdue": ("Ein Fall ist überfällig", ""),
        "cover_changed": ("Ab jetzt gibt es eine Vertretung", ""),
        "security_code": ("Ihr Code", ""),
        "security_notice": (
            "Mit Ihrem Konto ist etwas geschehen",
            "Wenn Sie das nicht waren, ändern Sie jetzt Ihr Passwort.",
        ),
        "several": ("Neuigkeiten für Sie", "{count} Benachrichtigungen"),
        "test": ("Dies ist ein Test", "Benachrichtigungen erreichen dieses Gerät."),
    },
}


def words_of(name: str, values: Mapping[str, str | int], *, count: int, locale: str, tz: str) -> _Words:
    """Title and body of this type. `values["starts_at_ms"]`, or `"at_ms"`, is the moment that it is about, shown in
    `tz`. A language that there are no words in is English. Raises LookupError: there is no such type."""
    language = locale.partition("-")[0].lower()
    title, body = _WORDS.get(language, _WORDS["en"])[name]
    at_ms = values.get("starts_at_ms", values.get("at_ms"))
    if "{when}" in body:
        body = body.replace("{when}", moment(at_ms, locale, tz) if isinstance(at_ms, int) else "")
    return title, body.replace("{count}", str(count))


def moment(at_ms: int, locale: str, tz: str) -> str:
    """A moment as clocks in `tz` show it, in words."""
    language = locale.partition("-")[0].lower()
    language = language if language in _WHEN else "en"
    wall: datetime = wall_of(kept_zone(tz or "UTC"), at_ms)
    return _WHEN[language].format(
        weekday=_WEEKDAYS[language][wall.weekday()],
        day=wall.day,
        month=_MONTHS[language][wall.month - 1],
        year=wall.year,
        time=f"{wall:%H:%M}",
    )
