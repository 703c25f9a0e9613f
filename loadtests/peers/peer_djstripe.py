"""dj-stripe handling the webhooks of payments, with a SQLite on disk, and doing nothing else.

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install dj-stripe==2.11.0 stripe==15.6.2
    /tmp/peer/bin/python loadtests/peers/peer_djstripe.py [--payments 200]

Runs with a Python of its own (it needs an older SDK of Stripe than Carewire's), from the root of the repository, beside
the fake of Stripe, which is asked for what events name. Prints JSON: payments a second, and milliseconds of CPU for
each, by this process alone. What stands beside it: `server_ms_each` of `loadtests.whole.bench_paying`.
"""

import argparse
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=200)
    count = parser.parse_args().payments
    command = [str(ROOT / ".venv/bin/python"), "-m", "tests.demo.stripe", "--payments", str(count)]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as fake,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert fake.stdout is not None
        keys, events = json.loads(fake.stdout.readline()), json.loads(fake.stdout.readline())
        try:
            print(json.dumps(measured(keys, events, Path(folder), count)))
        finally:
            fake.kill()


def measured(keys: dict[str, str], events: list[Any], folder: Path, count: int) -> dict[str, Any]:
    """Every event through the view, as a server would hand it over."""
    import django  # type: ignore[import-not-found]
    from django.conf import settings  # type: ignore[import-not-found]

    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "djstripe"],
        ROOT_URLCONF="djstripe.urls",
        STRIPE_TEST_SECRET_KEY=keys["secret_key"],
        STRIPE_LIVE_MODE=False,
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()
    import stripe
    from django.core.management import call_command  # type: ignore[import-not-found]
    from django.test import Client  # type: ignore[import-not-found]
    from djstripe.models import WebhookEndpoint  # type: ignore[import-not-found]

    stripe.api_base = keys["url"]
    call_command("migrate", verbosity=0)
    endpoint = WebhookEndpoint.objects.create(
        id="we_peer",
        url="http://testserver/",
        secret=keys["webhook_secret"],
        livemode=False,
        djstripe_uuid=uuid.uuid4(),
    )
    client, failed, why = Client(raise_request_exception=False), 0, ""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    for event in events:
        body = json.dumps(event)
        at = str(int(time.time()))
        mac = hmac.new(keys["webhook_secret"].encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        answer = client.post(
            f"/webhook/{endpoint.djstripe_uuid}/",
            body,
            content_type="application/json",
            headers={"stripe-signature": f"t={at},v1={mac}"},
        )
        failed += answer.status_code != 200
    lasted_s, used_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    if failed:
        from djstripe.models import WebhookEventTrigger

        why = str(list(WebhookEventTrigger.objects.exclude(exception="").values_list("exception", flat=True)[:3]))
    return {
        "payments": count,
        "events": len(events),
        "failed": failed,
        "why": why,
        "payments_per_s": round(count / lasted_s, 1),
        "cpu_ms_each": round(used_s / count * 1000, 2),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    main()
