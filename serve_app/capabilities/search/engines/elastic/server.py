"""Asking Elasticsearch: what it answers, or one of our errors. An answer of some of its shards is none."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from elastic_transport import ObjectApiResponse
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError, TransportError, UnsupportedProductError

from common.errors import StartupError, Unavailable

SERVER: Final = 9
_TIMEOUT_S: Final = 10.0

Call = Callable[[], Awaitable[ObjectApiResponse[Any]]]


def connect(url: str, api_key: str | None) -> AsyncElasticsearch:
    """A client that repeats nothing by itself."""
    return AsyncElasticsearch(url, api_key=api_key, request_timeout=_TIMEOUT_S, max_retries=0, retry_on_timeout=False)


async def ask(call: Call) -> Mapping[str, Any]:
    """Its answer.

    Raises:
        LookupError: the index is not there.
        Unavailable: it does not answer, answers in part, refuses, or is no Elasticsearch.
    """
    try:
        answer = (await call()).body
    except NotFoundError as exc:
        raise LookupError("there is no such index") from exc
    except (ApiError, TransportError, UnsupportedProductError) as exc:
        raise Unavailable("Search cannot be used just now.", cause=type(exc).__name__, status=status_of(exc)) from exc
    if not isinstance(answer, Mapping):
        raise Unavailable("Search cannot be used just now.", cause="not JSON")
    if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
        raise Unavailable("Search cannot be used just now.", cause="an answer of some shards")
    return answer


async def check(client: AsyncElasticsearch) -> None:
    """Is it one that we can use? One that is away for now may come back.

    Raises:
        StartupError: it is of another version, refuses us, or is no Elasticsearch.
    """
    try:
        info = (await client.info()).body
    except UnsupportedProductError as exc:
        raise StartupError("What answers at CAREWIRE_SEARCH__ELASTICSEARCH_URL is not Elasticsearch.") from exc
    except ApiError as exc:
        if "media_type_header_exception" in str(exc):
            raise StartupError(
                f"The Elasticsearch server is older than {SERVER} and refuses our client; use Elasticsearch {SERVER}."
            ) from exc
        if exc.meta.status in (401, 403):
            raise StartupError("Elasticsearch refuses the key of CAREWIRE_SEARCH__ELASTICSEARCH_API_KEY.") from exc
        return
    except TransportError:
        return
    version = str(info.get("version", {}).get("number", ""))
    if version.partition(".")[0] != str(SERVER):
        raise StartupError(f"The Elasticsearch server has version {version or '?'}; use Elasticsearch {SERVER}.")


def status_of(exc: Exception) -> int:
    """The status of an answer that is an error; 0: there was no answer."""
    return exc.meta.status if isinstance(exc, ApiError) else 0
