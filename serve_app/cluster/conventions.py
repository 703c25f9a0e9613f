"""The conventions as a replica of the API has them."""

from collections.abc import Callable

from common.auth.keys import derive
from common.clock import Clock
from config.settings import Settings
from serve_app.cluster.application import Conventions
from serve_app.edge.conventions.repeats.mongo_idempotency import MongoIdempotency
from store.mongo.client import Database
from store.ports.vault import Vault


def conventions_of(
    settings: Settings, database: Database, vault: Vault, clock: Clock, replicas: Callable[[], int], *, root: str
) -> Conventions:
    """From the settings, with answers kept in the database. `replicas`: how many of the API there are. `root`: see
    `conventions.roots`."""
    store = MongoIdempotency(database, vault, clock, ttl_h=settings.http.idempotency_h)
    return Conventions(
        http=settings.http,
        limits=settings.limits,
        clock=clock,
        store=store,
        fingerprint_key=derive(root, "fingerprints"),
        replicas=replicas,
    )
