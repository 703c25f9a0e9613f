"""Settings: read strictly, explained in one line."""

from pathlib import Path

import pytest

from common.errors import StartupError
from config.loading import effective, load_settings, variables


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any of our variables, in a folder without `.env`."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_default_runs() -> None:
    settings = load_settings()
    assert (settings.http.port, settings.gateway.port, settings.mongo.url) == (8000, 8001, None)


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("CAREWIRE_HTTP__PORT=9001\nCAREWIRE_HTTP__HOST=10.0.0.1\nCAREWIRE_MONGO__PORT=9003\n")
    monkeypatch.setenv("CAREWIRE_HTTP__PORT", "9002")
    monkeypatch.setenv("CAREWIRE_MONGO__PORT", "9004")
    settings = load_settings({"mongo": {"port": 9005}})
    assert (settings.http.port, settings.http.host, settings.mongo.port) == (9002, "10.0.0.1", 9005)


def test_variables_of_others_in_the_env_file_are_none_of_our_business() -> None:
    Path(".env").write_text("COMPOSE_PROJECT_NAME=x\nCAREWIRE_HTTP__PORT=9001\n")
    assert load_settings().http.port == 9001


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CAREWIRE_HTTP__PORT", "abc", "CAREWIRE_HTTP__PORT: Input should be a valid integer"),
        ("CAREWIRE_HTTP__PORT", "70000", "CAREWIRE_HTTP__PORT: Input should be less than or equal to 65535"),
        ("CAREWIRE_HTP__PORT", "1", "CAREWIRE_HTP__PORT is not a setting; did you mean CAREWIRE_HTTP__PORT?"),
        ("CAREWIRE_HTTP__PROT", "1", "CAREWIRE_HTTP__PROT is not a setting; did you mean CAREWIRE_HTTP__PORT?"),
        ("CAREWIRE_XYZZY", "1", "CAREWIRE_XYZZY is not a setting; `carewire settings` lists those there are."),
        ("CAREWIRE_HTTP", "x", "this name takes JSON"),
        ("CAREWIRE_KERNEL__LEASE_S", "3", "kernel.lease_s must be at least twice kernel.lease_renewal_s"),
        ("CAREWIRE_LOG__LEVEL", "LOUD", "CAREWIRE_LOG__LEVEL: Input should be"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_wrong_setting_is_one_line_that_names_it(
    name: str, value: str, said: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "environment":
        monkeypatch.setenv(name, value)
    else:
        Path(".env").write_text(f"{name}={value}\n")
    with pytest.raises(StartupError) as refusal:
        load_settings()
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREWIRE_GATEWAY__CORS_ORIGINS", "https://a.example, https://b.example")
    assert load_settings().gateway.cors_origins == ("https://a.example", "https://b.example")


def test_what_is_printed_masks_secrets_and_says_where_values_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREWIRE_AUTH__SECRET", "hush" * 8)
    Path(".env").write_text("CAREWIRE_MONGO__URL=mongodb://user:hush@db/\n")
    rows = {name: (value, source) for name, value, source in effective(load_settings())}
    assert set(rows) == set(variables())
    assert rows["CAREWIRE_AUTH__SECRET"] == ("********", "environment")
    assert rows["CAREWIRE_MONGO__URL"] == ("********", ".env")
    assert rows["CAREWIRE_HTTP__PORT"] == ("8000", "default")
    assert "hush" not in str(rows)


def test_every_setting_is_described() -> None:
    assert [name for name, description in variables().items() if not description] == []
