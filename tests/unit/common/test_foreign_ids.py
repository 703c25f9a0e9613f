"""Users of other issuers under ids of ours, and who tells which."""

import pytest

from common.ids import foreign_id, is_id
from serve_app.cli.main import main


def test_issuer_and_subject_have_no_seam() -> None:
    assert foreign_id("https://a", "b|c") != foreign_id("https://ab", "|c")
    assert is_id(foreign_id("", "|"))


def test_the_command_tells_the_id_that_a_token_gets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "whois", "auth0|5f7c", "--issuer", "https://id.example"]) == 0
    assert capsys.readouterr().out == foreign_id("https://id.example", "auth0|5f7c") + "\n"
    assert main(["token", "whois", "alice"]) == 0
    assert capsys.readouterr().out == "alice\n"


@pytest.mark.parametrize("options", [["--user", "alice"], ["--role", "client"]])
def test_a_token_is_made_for_somebody_in_some_role(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "--role, and --user or --count" in said.err
