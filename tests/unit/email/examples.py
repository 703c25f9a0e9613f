"""A mail of each template, with all that it can say; and what is kept of them as snapshots.

`python -m tests.unit.email.examples` writes the snapshots anew.
"""

from pathlib import Path

from actors.notifications.activities import Mail, MailAction, MailItem
from serve_app.capabilities.email.rendering import Templates
from serve_app.capabilities.email.words import WORDS

PUBLIC_URL = "https://app.carewire.test"
SNAPSHOTS = Path(__file__).parent / "snapshots"
_AT_MS = 1_763_631_000_000
_VALUES: dict[str, str | int] = {
    "starts_at_ms": _AT_MS,
    "ends_at_ms": _AT_MS + 3_600_000,
    "expires_at_ms": _AT_MS + 900_000,
    "due_at_ms": _AT_MS + 86_400_000,
    "called_at_ms": _AT_MS,
    "amount": 12_050,
    "currency": "EUR",
}
_FACTS: dict[str, str | int] = {"therapist": "Dr. Ada Adler", "service": "First session"}


def example(template: str, locale: str = "en") -> Mail:
    return Mail(
        template,
        to="ann@mail.test",
        code="12345678" if "code" in template or template in ("password_reset", "invitation") else "",
        locale=locale,
        tz="Europe/Berlin",
        values=_VALUES | (_FACTS if template.startswith(("booking", "appointment")) else {}),
        actions=(MailAction("Cancel", "/l/token-2"),) if template.startswith("booking") else (),
        items=_items() if template == "digest" else (),
        unsubscribe="" if WORDS[template].security else "token-1",
    )


def _items() -> tuple[MailItem, ...]:
    return (
        MailItem(title="You have new messages", link="/messages", at_ms=_AT_MS),
        MailItem(title="A worksheet waits for you", body="It is due on Friday.", link="/worksheets"),
        MailItem(title="Carewire has changed"),
    )


def texts(locale: str) -> str:
    """Subject and text of all templates, in one language."""
    templates = Templates(PUBLIC_URL)
    parts = []
    for name in WORDS:
        rendered = templates.render(example(name, locale))
        parts.append(f"===== {name} v{WORDS[name].version}\nSubject: {rendered.subject}\n\n{rendered.text}")
    return "\n".join(parts)


def html(template: str) -> str:
    return Templates(PUBLIC_URL).render(example(template)).html


def snapshots() -> dict[str, str]:
    """By the name of their files."""
    return {
        "en.txt": texts("en"),
        "de.txt": texts("de"),
        "notice.html": html("booking_confirmed"),
        "digest.html": html("digest"),
    }


if __name__ == "__main__":
    for name, content in snapshots().items():
        (SNAPSHOTS / name).write_text(content, "utf-8")
