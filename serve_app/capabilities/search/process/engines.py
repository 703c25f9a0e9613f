"""Which engine keeps the index. Only the one that is chosen is loaded."""

from common.clock import Clock
from common.errors import StartupError
from config.settings import Settings
from serve_app.capabilities.search.port import Engine


def open_engine(settings: Settings, clock: Clock) -> Engine:
    """As the settings say; it is started by whoever asks.

    Raises:
        StartupError: Elasticsearch is chosen, and none is named.
    """
    if settings.search.engine == "tantivy":
        from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine

        return TantivyEngine(settings.data_dir / "search", clock)
    from serve_app.capabilities.search.engines.elastic.engine import ElasticEngine
    from serve_app.capabilities.search.engines.elastic.server import connect

    url, key = settings.search.elasticsearch_url, settings.search.elasticsearch_api_key
    if url is None:
        raise StartupError("CAREWIRE_SEARCH__ENGINE is elasticsearch: set CAREWIRE_SEARCH__ELASTICSEARCH_URL too.")
    client = connect(str(url), None if key is None else key.get_secret_value())
    return ElasticEngine(client, settings.search.elasticsearch_index)
