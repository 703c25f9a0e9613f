"""The URL of a mail server, as people write it."""

import pytest

from config.capabilities.email import SmtpServer, smtp_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 587, "", "", "offered")),
        ("smtp://127.0.0.1:2525", SmtpServer("127.0.0.1", 2525, "", "", "offered")),
        ("smtp://[::1]:2525/?tls=none", SmtpServer("::1", 2525, "", "", "none")),
        ("smtp://h?tls=none", SmtpServer("h", 25, "", "", "none")),
        ("smtp://h?tls=implicit", SmtpServer("h", 465, "", "", "implicit")),
        (
            "smtp://a%40b.example:p%3A%2F%3F@h:1587?tls=starttls",
            SmtpServer("h", 1587, "a@b.example", "p:/?", "starttls"),
        ),
    ],
)
def test_a_url_names_a_server(url: str, server: SmtpServer) -> None:
    assert smtp_server(url) == server


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(ValueError, match="should be smtp://") as refusal:
        smtp_server("smtp://user:secret-word@h:99999")
    assert "secret-word" not in str(refusal.value)
