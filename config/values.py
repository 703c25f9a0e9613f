"""The values that several settings share: secrets, addresses, names. Each is checked where it is read."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

MIN_SECRET_BYTES: Final = 32  # RFC 7518, 3.2: a key of HS256 is at least as long as its hash
_HOW: Final = "`openssl rand -base64 32` makes them"
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^\s/?#@,]+", re.IGNORECASE)
_REFUSED_IN_DATABASE_NAMES: Final = '/\\. "$*<>:|?\0'
_DATABASES_OF_MONGODB: Final = frozenset({"admin", "local", "config"})
_MAX_DATABASE_NAME_BYTES: Final = 63
_MAX_PORT: Final = 65_535


def check_secret(text: str) -> str:
    """`text`, if it is long enough to be a secret.

    Raises:
        ValueError: it has fewer than 32 bytes. The message does not repeat it.
    """
    if len(text.encode()) < MIN_SECRET_BYTES:
        raise ValueError(
            f"has {len(text.encode())} bytes, and a secret needs at least {MIN_SECRET_BYTES} random ones; {_HOW}"
        )
    return text


def _check_secret(secret: SecretStr) -> SecretStr:
    check_secret(secret.get_secret_value())
    return secret


def _check_host(host: str) -> str:
    if any(letter.isspace() or not letter.isprintable() or letter in "/@" for letter in host):
        raise ValueError("should be a host name or an IP address")
    return host


def _check_origin(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("should be `*`, or origins like https://app.example.org, without a path")
    return origin


def _check_http_url(url: str) -> str:
    parts = urlsplit(url)  # ValueError where brackets do not match
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or any(map(str.isspace, url)):
        raise ValueError("should be an http:// or https:// URL")
    return url


def _check_mongo_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("should be a mongodb:// or mongodb+srv:// URL")
    return url


def _check_database_name(name: str) -> str:
    if refused := sorted(set(_REFUSED_IN_DATABASE_NAMES).intersection(name)):
        raise ValueError(f"has {' '.join(map(repr, refused))}, which MongoDB refuses in names of databases")
    if len(name.encode()) > _MAX_DATABASE_NAME_BYTES:
        raise ValueError(f"should have at most {_MAX_DATABASE_NAME_BYTES} bytes")
    if name.lower() in _DATABASES_OF_MONGODB:
        raise ValueError("names a database of MongoDB's own; choose another name")
    return name


def _check_ray_address(address: str) -> str:
    host, _, port = address.rpartition(":")
    if address == "auto" or (host and port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
        return address
    raise ValueError("should be `auto` or HOST:PORT")


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
"""What signs or encrypts: at least 32 bytes. Every secret setting is one."""
MongoUrl = Annotated[SecretStr, AfterValidator(_check_mongo_url)]
"""The URL of a MongoDB: masked, because it may hold a password."""
Host = Annotated[str, AfterValidator(_check_host)]
Origin = Annotated[str, AfterValidator(_check_origin)]
HttpUrl = Annotated[str, AfterValidator(_check_http_url)]
DatabaseName = Annotated[str, AfterValidator(_check_database_name)]
RayAddress = Annotated[str, AfterValidator(_check_ray_address)]
