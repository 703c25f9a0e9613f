"""Everything a process needs of storage, from its settings."""

from collections.abc import Iterable

from common.clock import Clock, SystemClock
from common.errors import StartupError, Unavailable
from config.settings import Settings
from store.crypto.masterkeys import load_master_keys
from store.crypto.vault import KeyringVault
from store.mongo.client import check_server, open_client
from store.mongo.feed_tokens import MongoFeedTokens
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.activities import MongoActivities
from store.mongo.kernel.journal import MongoJournal
from store.mongo.kernel.leases import MongoLeases
from store.mongo.kernel.maps import MongoPartitionMaps
from store.mongo.kernel.timers import MongoTimers
from store.mongo.kernel.views import MongoViews
from store.mongo.keys import MongoKeyStore
from store.mongo.platform_time import MongoPlatformTime
from store.ports.stores import Stores
from store.ports.views import Index


async def open_stores(settings: Settings, indexes: Iterable[Index] = (), clock: Clock | None = None) -> Stores:
    """Connect, look whether all is well, and make the indexes: the store's own, and those that the kinds declare.
    `settings.mongo.url` must be set. Close with `stores.close()`.

    Raises:
        StartupError: the database is out of reach or unfit, or its data was encrypted under other master keys.
    """
    if settings.mongo.url is None:
        raise StartupError("Set CAREWIRE_MONGO__URL, or start Carewire with `carewire up`.")
    masters = load_master_keys(settings.encryption, settings.data_dir)
    client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
    try:
        await check_server(client)
        database = client[settings.mongo.database]
        await ensure_indexes(database, indexes)
        vault = KeyringVault(MongoKeyStore(database), masters, clock or SystemClock())
        await vault.check()
    except Unavailable:
        client.close()
        raise StartupError("MongoDB stopped answering while Carewire started; start it again.") from None
    except BaseException:
        client.close()
        raise
    journal = MongoJournal(database)

    def close() -> None:
        journal.close()
        client.close()

    return Stores(
        journal=journal,
        views=MongoViews(database),
        timers=MongoTimers(database),
        leases=MongoLeases(database),
        maps=MongoPartitionMaps(database),
        vault=vault,
        feed_tokens=MongoFeedTokens(database, clock or SystemClock()),
        activities=MongoActivities(database),
        platform_time=MongoPlatformTime(database),
        close=close,
    )
