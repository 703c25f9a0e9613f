"""The peer of payments: dj-stripe takes Stripe's webhooks, in Django, on SQLite, and does nothing else.

    PYTHON peer_djstripe.py PORT DIRECTORY STRIPE_URL WEBHOOK_SECRET

`PYTHON` has `dj-stripe==2.11.0 'stripe<16' waitress`. `GET /where` says where its endpoint is. It needs nothing of
Carewire, and nothing of Carewire imports it.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

KEY = "sk_test_" + "b" * 24


def main(port: int, directory: Path, stripe_url: str, secret: str) -> None:
    """Serve until it is ended."""
    settings: Any = import_module("django.conf").settings
    settings.configure(
        SECRET_KEY=f"django {KEY}",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "djstripe"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(directory / "db.sqlite3"),
                "OPTIONS": {
                    "timeout": 30,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                },
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        MIGRATION_MODULES={"djstripe": None},  # its tables as they are now, without their history
        STRIPE_TEST_SECRET_KEY=KEY,
        STRIPE_LIVE_MODE=False,
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    )
    import_module("django").setup()
    stripe: Any = import_module("stripe")
    stripe.api_base = stripe_url
    stripe.enable_telemetry = False
    import_module("django.core.management").call_command("migrate", run_syncdb=True, verbosity=0)
    models: Any = import_module("djstripe.models")
    account = models.Account.objects.create(id="acct_bench", livemode=False)
    models.APIKey.objects.create(secret=KEY, livemode=False, type="secret", djstripe_owner_account=account)
    endpoint = models.WebhookEndpoint.objects.create(
        id="we_bench",
        djstripe_owner_account=account,
        secret=secret,
        livemode=False,
        url="http://127.0.0.1",
        status="enabled",
        enabled_events=["*"],
        api_version="2026-10-28.endive",
    )
    urls: Any = import_module("django.urls")
    http: Any = import_module("django.http")
    globals()["urlpatterns"] = [
        urls.path("where", lambda request: http.HttpResponse(f"/stripe/webhook/{endpoint.djstripe_uuid}/")),
        urls.path("stripe/", urls.include("djstripe.urls", namespace="djstripe")),
    ]
    application = import_module("django.core.wsgi").get_wsgi_application()
    import_module("waitress").serve(application, host="127.0.0.1", port=port, threads=4, _quiet=True)


if __name__ == "__main__":
    port, directory, *rest = sys.argv[1:]
    main(int(port), Path(directory), *rest)
