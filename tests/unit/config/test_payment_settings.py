"""Payment settings: which providers are in use, by which names people know their keys, and what is refused."""

from pathlib import Path

import pytest

from common.errors import StartupError
from config.capabilities.payments import PaymentSettings
from config.loading import load_settings, variables

KEYS = {
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old",
    "PAYPAL_CLIENT_ID": "paypal-id",
    "PAYPAL_CLIENT_SECRET": "paypal-secret",
    "CAREWIRE_PAYMENTS__RAZORPAY__KEY_ID": "rzp_test_1",
    "CAREWIRE_PAYMENTS__RAZORPAY__KEY_SECRET": "razorpay-secret",
}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*variables(), *KEYS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def loaded(monkeypatch: pytest.MonkeyPatch, **given: str) -> PaymentSettings:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return load_settings().payments


def test_without_keys_staff_books_money_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch).enabled == ("manual",)


def test_who_has_keys_is_in_use_by_the_names_that_people_know(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, **KEYS)
    assert found.enabled == ("stripe", "paypal", "razorpay", "manual")
    assert [one.get_secret_value() for one in found.stripe.webhook_secrets] == ["whsec_new", "whsec_old"]
    assert found.paypal.cert_hosts == ("api.paypal.com", "api.sandbox.paypal.com")


def test_the_default_provider_comes_first_and_only_those_that_are_named_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {"CAREWIRE_PAYMENTS__PROVIDERS": "stripe,paypal", "CAREWIRE_PAYMENTS__DEFAULT_PROVIDER": "paypal"}
    assert loaded(monkeypatch, **KEYS, **named).enabled == ("paypal", "stripe")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAREWIRE_PAYMENTS__PROVIDERS", "paypal"),
        ("CAREWIRE_PAYMENTS__PROVIDERS", "gold"),
        ("CAREWIRE_PAYMENTS__DEFAULT_PROVIDER", "stripe"),
        ("CAREWIRE_PAYMENTS__CURRENCY", "eur"),
        ("CAREWIRE_PAYMENTS__STRIPE__BASE_URL", "http://stripe.example.org"),
        ("CAREWIRE_PAYMENTS__STRIPE__BASE_URL", "https://user@stripe.example.org"),
        ("CAREWIRE_PAYMENTS__PAYPAL__BASE_URL", "ftp://127.0.0.1"),
        ("CAREWIRE_PAYMENTS__TIMEOUT_S", "60"),
        ("CAREWIRE_PAYMENTS__POLL_S", "0"),
    ],
)
def test_what_cannot_work_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartupError, match=r"PAYMENTS|payments"):
        loaded(monkeypatch, **{name: value})


def test_this_machine_is_spoken_with_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, CAREWIRE_PAYMENTS__STRIPE__BASE_URL="http://127.0.0.1:12111/")
    assert found.stripe.base_url == "http://127.0.0.1:12111"
