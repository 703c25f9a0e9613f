"""Settings: read strictly, explained in one line."""

import json
from pathlib import Path

import pytest

from common.errors import StartupError
from config.loading import effective, load_settings, variables
from config.settings import Settings
from config.wellknown import names_that_people_know


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any of our variables, in a folder without `.env`."""
    for name in (*variables(), *dict(names_that_people_know(Settings)).values()):
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


SHORT, LONG, LONGER = "x" * 31, "a" * 32, "b" * 40


def secret_and_source() -> tuple[str, str]:
    settings = load_settings()
    assert settings.auth.secret is not None
    (row,) = [row for row in effective(settings) if row[0] == "CAREWIRE_AUTH__SECRET"]
    assert row[1] == "********"
    return settings.auth.secret.get_secret_value(), row[2]


def test_a_name_that_people_know_is_read_where_ours_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"JWT_SECRET={LONG}\n")
    assert secret_and_source() == (LONG, "JWT_SECRET in .env")
    monkeypatch.setenv("JWT_SECRET", LONGER)
    assert secret_and_source() == (LONGER, "JWT_SECRET")
    Path(".env").write_text(f"CAREWIRE_AUTH__SECRET={LONG}\n")
    assert secret_and_source() == (LONG, ".env")
    monkeypatch.setenv("CAREWIRE_AUTH", json.dumps({"secret": LONGER}))
    assert secret_and_source() == (LONGER, "environment")
    monkeypatch.delenv("CAREWIRE_AUTH")
    monkeypatch.setenv("CAREWIRE_AUTH__SECRET", LONGER)
    assert secret_and_source() == (LONGER, "environment")


def test_one_that_is_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", " ")
    assert load_settings().auth.secret is None


def test_what_is_wrong_is_told_of_the_name_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SHORT)
    with pytest.raises(StartupError, match=r"^JWT_SECRET, read for CAREWIRE_AUTH__SECRET: ") as refused:
        load_settings()
    assert SHORT not in str(refused.value)
    monkeypatch.setenv("CAREWIRE_AUTH__SECRET", SHORT)
    with pytest.raises(StartupError, match=r"^CAREWIRE_AUTH__SECRET: "):
        load_settings()


def test_every_name_that_people_know_stands_for_a_setting() -> None:
    known = dict(names_that_people_know(Settings))
    assert known["CAREWIRE_AUTH__SECRET"] == "JWT_SECRET"
    assert set(known.values()) >= {
        *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET"),
        *("SENDGRID_API_KEY", "ELASTICSEARCH_URL", "SENTRY_DSN", "JWT_SECRET"),
    }
    assert known.keys() <= variables().keys()
    assert len(set(known.values())) == len(known)
    assert all(name == name.upper() for name in known.values())


@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "CAREWIRE_AUTH__ISSUER", "MY_SHOP"])
@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("key", ["sk_live_51Hx", "rk_live_51Hx", "rzp_live_1"])
def test_time_does_not_move_where_a_live_key_is_set(
    name: str, in_file: bool, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREWIRE_CLOCK__SETTABLE", "true")
    if in_file:
        Path(".env").write_text(f"{name}={key}\n")
    else:
        monkeypatch.setenv(name, key)
    with pytest.raises(StartupError, match=f"CAREWIRE_CLOCK__SETTABLE cannot be on where {name} ") as refused:
        load_settings()
    assert key not in str(refused.value)
    monkeypatch.setenv("CAREWIRE_CLOCK__SETTABLE", "false")
    load_settings()


def test_time_moves_beside_keys_for_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_51Hx")
    assert load_settings({"clock": {"settable": True}}).clock.settable
    assert not load_settings().clock.settable
