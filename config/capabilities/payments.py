"""Payments: who moves money for us, and how they are spoken with."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from config.section import SettingsSection
from config.wellknown import KnownAs

ProviderName = Literal["manual", "stripe", "paypal", "razorpay"]
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")


def _parted(value: object) -> object:
    """`a, b` as a list."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _check_url(url: str) -> str:
    """Money is spoken of over TLS, but with this machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("should be https://host[:port][/path]")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("should be https: only this machine is spoken with in the clear")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_check_url)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_parted)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parted)]


class StripeSettings(SettingsSection):
    """Stripe."""

    secret_key: Annotated[SecretStr | None, KnownAs("STRIPE_SECRET_KEY")] = Field(
        default=None, description="Stripe's secret (or restricted) key. Unset: no Stripe."
    )
    publishable_key: str = Field(default="", description="The key that browsers use with Stripe's own fields.")
    webhook_secrets: Annotated[Secrets, KnownAs("STRIPE_WEBHOOK_SECRET")] = Field(
        default=(), description="Secrets of Stripe's webhook endpoints, newest first, comma-separated."
    )
    base_url: Url = Field(default="https://api.stripe.com", description="Where Stripe's API is.")


class PaypalSettings(SettingsSection):
    """PayPal."""

    client_id: Annotated[str | None, KnownAs("PAYPAL_CLIENT_ID")] = Field(
        default=None, description="The client id of PayPal's REST app. Unset: no PayPal."
    )
    client_secret: Annotated[SecretStr | None, KnownAs("PAYPAL_CLIENT_SECRET")] = Field(
        default=None, description="The secret of PayPal's REST app."
    )
    webhook_id: Annotated[str | None, KnownAs("PAYPAL_WEBHOOK_ID")] = Field(
        default=None, description="The id of the webhook at PayPal, which is part of what it signs."
    )
    base_url: Url = Field(default="https://api-m.paypal.com", description="Where PayPal's API is.")
    cert_hosts: Names = Field(
        default=("api.paypal.com", "api.sandbox.paypal.com"),
        description="Hosts whose certificates may sign webhooks, comma-separated; that of the base URL as well.",
    )
    ca_file: str | None = Field(
        default=None, description="PEM file with the roots of those certificates. Unset: the system's."
    )


class RazorpaySettings(SettingsSection):
    """Razorpay."""

    key_id: Annotated[str | None, KnownAs("RAZORPAY_KEY_ID")] = Field(
        default=None, description="Razorpay's key id. Unset: no Razorpay."
    )
    key_secret: Annotated[SecretStr | None, KnownAs("RAZORPAY_KEY_SECRET")] = Field(
        default=None, description="Razorpay's key secret."
    )
    webhook_secrets: Annotated[Secrets, KnownAs("RAZORPAY_WEBHOOK_SECRET")] = Field(
        default=(), description="Secrets of Razorpay's webhooks, newest first, comma-separated."
    )
    base_url: Url = Field(default="https://api.razorpay.com", description="Where Razorpay's API is.")


class PaymentSettings(SettingsSection):
    """Payments."""

    providers: Annotated[tuple[ProviderName, ...] | None, NoDecode, BeforeValidator(_parted)] = Field(
        default=None, description="Providers that may be used, comma-separated. Unset: manual, and those with keys."
    )
    default_provider: ProviderName | None = Field(
        default=None, description="The provider of a payment that names none. Unset: the first with keys."
    )
    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="The currency of what names none (ISO 4217)."
    )
    stripe: StripeSettings = StripeSettings()
    paypal: PaypalSettings = PaypalSettings()
    razorpay: RazorpaySettings = RazorpaySettings()
    webhook_tolerance_s: float = Field(
        default=300.0, gt=0, description="How far the time of a signed webhook may be from ours, both ways."
    )
    poll_s: float = Field(
        default=60.0, gt=0, description="A live payment of which nothing is heard is read this often."
    )
    key_life_h: float = Field(
        default=20.0, gt=0, description="How long providers are trusted to know a key; then they are asked first."
    )
    timeout_s: float = Field(default=20.0, gt=0, le=45, description="How long one call to a provider may take.")

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        for name in self.providers or ():
            if name not in self._with_keys:
                raise ValueError(f"payments.providers names {name}, which has no keys")
        if self.default_provider is not None and self.default_provider not in (self.providers or self._with_keys):
            raise ValueError(f"payments.default_provider is {self.default_provider}, which is not among the providers")
        return self

    @property
    def _with_keys(self) -> Sequence[ProviderName]:
        found: list[ProviderName] = []
        if self.stripe.secret_key is not None:
            found.append("stripe")
        if self.paypal.client_id is not None and self.paypal.client_secret is not None:
            found.append("paypal")
        if self.razorpay.key_id is not None and self.razorpay.key_secret is not None:
            found.append("razorpay")
        return [*found, "manual"]

    @property
    def enabled(self) -> tuple[ProviderName, ...]:
        """The providers that may be used; the default one first."""
        found = self._with_keys if self.providers is None else self.providers
        first = self.default_provider or found[0]
        return (first, *(name for name in found if name != first))
