"""Certificates that sign webhooks: fetched from whom we trust to have them, and believed if they are PayPal's.

The address comes from whoever sent the webhook, so it is looked at first: an allowed host, over https, without user or
password, in the one folder that has them; nobody is followed elsewhere, and no more is read than a chain is long. What
was fetched must lead to a root of this machine (or the configured one), be valid now, and bear PayPal's name.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from common.errors import InvalidArgument, Unavailable
from serve_app.edge.webhooks.verifiers import wrong_signature

SIGNER: Final = "messageverificationcerts.paypal.com"
FOLDER: Final = "/v1/notifications/certs/"
_LARGEST: Final = 32 * 1024
_TIMEOUT_S: Final = 5.0
_KEPT: Final = 16
_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class _Signer:
    key: RSAPublicKey
    valid_from_ms: int
    valid_to_ms: int


@dataclass(slots=True)
class Certificates:
    """Those of one replica, by their addresses. `base_url` is of the API; its origin may have them as well."""

    hosts: Sequence[str]
    base_url: str
    ca_file: str | None = None
    _known: dict[str, _Signer] = field(default_factory=dict)
    _store: Store | None = None
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def fetch(self, url: str, now_ms: int) -> None:
        """Have the certificate of this address.

        Raises:
            InvalidArgument: it is no address of PayPal's, or what is there is no certificate of theirs.
            Unavailable: it cannot be fetched just now.
        """
        self._check_address(url)
        async with self._places:
            if url in self._known and self._known[url].valid_to_ms > now_ms:
                return
            pem = await _read(url)
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[url] = self._believed(pem, now_ms)

    def key(self, url: str, now_ms: int) -> RSAPublicKey:
        """Whose signature counts. Raises InvalidArgument: it was not fetched, or is not valid now."""
        found = self._known.get(url)
        if found is None or not found.valid_from_ms <= now_ms <= found.valid_to_ms:
            raise wrong_signature()
        return found.key

    def _check_address(self, url: str) -> None:
        try:
            parts, base = urlsplit(url), urlsplit(self.base_url)
            ours = _origin(parts) == _origin(base)
            theirs = parts.scheme == "https" and parts.hostname in self.hosts and parts.port in (None, 443)
        except ValueError:
            raise _not_theirs() from None
        plain = parts.username is None and parts.password is None and not parts.query and not parts.fragment
        name = parts.path.removeprefix(FOLDER)
        if not ((ours or theirs) and plain and name != parts.path and name.replace("-", "").isalnum()):
            raise _not_theirs()

    def _believed(self, pem: bytes, now_ms: int) -> _Signer:
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        try:
            leaf, *between = x509.load_pem_x509_certificates(pem)
            _policy().store(self._roots()).time(now).build_client_verifier().verify(leaf, between)
            names, key = _names(leaf), leaf.public_key()
        except (ValueError, VerificationError):
            raise wrong_signature() from None
        if SIGNER not in names or not isinstance(key, RSAPublicKey):
            raise wrong_signature()
        return _Signer(key, _ms(leaf.not_valid_before_utc), _ms(leaf.not_valid_after_utc))

    def _roots(self) -> Store:
        if self._store is None:
            if self.ca_file is not None:
                roots = x509.load_pem_x509_certificates(Path(self.ca_file).read_bytes())
            else:
                found = ssl.create_default_context().get_ca_certs(binary_form=True)
                roots = [x509.load_der_x509_certificate(one) for one in found]
            self._store = Store(roots)
        return self._store


def _policy() -> PolicyBuilder:
    """Whoever signs for another must be an authority. The rest of what browsers ask of servers is not asked of who
    signs messages."""
    authority = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    return PolicyBuilder().extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())


def _is_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("no authority")


def _names(leaf: x509.Certificate) -> Sequence[str]:
    """Whom it is for; the common name counts where there is no other."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return found.get_values_for_type(x509.DNSName)


async def _read(url: str) -> bytes:
    """At most so much, in at most so long, and from nowhere else."""
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise _unavailable()
            found = await answer.content.read(_LARGEST + 1)
            while len(found) <= _LARGEST and (more := await answer.content.read(_LARGEST + 1)):
                found += more
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise _unavailable() from None
    if len(found) > _LARGEST:
        raise wrong_signature()
    return found


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _not_theirs() -> InvalidArgument:
    return InvalidArgument("The certificate is at no address of PayPal's.", details={"reason": "signature"})


def _unavailable() -> Unavailable:
    return Unavailable("The certificate of this webhook cannot be fetched now.")
