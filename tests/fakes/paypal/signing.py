"""PayPal's signatures: a root, an authority between, a certificate that signs, and the headers of a webhook."""

import base64
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

SIGNER: Final = "messageverificationcerts.paypal.com"
WEBHOOK_ID: Final = "WH-CAREWIRE-1"
_PEM: Final = serialization.Encoding.PEM


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    issuer_key: rsa.RSAPrivateKey,
    *,
    authority: bool = False,
    days: tuple[int, int] = (-1, 30),
) -> x509.Certificate:
    """One that is valid from so many days from now to so many."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return made.sign(issuer_key, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(_PEM) for one in certificates)


@dataclass
class Signing:
    """A root, and a certificate of the signer that leads to it over one between."""

    root_key: rsa.RSAPrivateKey = field(default_factory=new_key)
    between_key: rsa.RSAPrivateKey = field(default_factory=new_key)
    key: rsa.RSAPrivateKey = field(default_factory=new_key)

    def __post_init__(self) -> None:
        root = certificate("Root", self.root_key, "Root", self.root_key, authority=True)
        between = certificate("Between", self.between_key, "Root", self.root_key, authority=True)
        leaf = certificate(SIGNER, self.key, "Between", self.between_key)
        self.root, self.chain = pem(root), pem(leaf, between)

    def headers(self, body: bytes, url: str, at_ms: int, *, webhook_id: str = WEBHOOK_ID) -> dict[str, str]:
        """Of a webhook with this body."""
        time = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        id_ = f"{random.Random(body).randrange(1 << 64):x}"
        said = f"{id_}|{time}|{webhook_id}|{crc32(body)}"
        signature = self.key.sign(said.encode(), PKCS1v15(), hashes.SHA256())
        return {
            "paypal-transmission-id": id_,
            "paypal-transmission-time": time,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-cert-url": url,
            "paypal-auth-algo": "SHA256withRSA",
        }


def same_checksum(body: bytes, wanted: int) -> bytes:
    """`body` with blanks and tabs behind it, so that its CRC-32 is `wanted`.

    Each of the places is a blank or a tab, so each adds 0 or a fixed pattern to the checksum: 32 equations over GF(2).
    """
    places = 96
    base = crc32(body + b" " * places)
    rows: list[tuple[int, int]] = []  # what a choice of places adds to the checksum, and the choice
    for place in range(places):
        changed = bytearray(b" " * places)
        changed[place] = ord("\t")
        rows.append((crc32(body + bytes(changed)) ^ base, 1 << place))
    chosen, left = 0, base ^ wanted
    for bit in range(32):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            continue
        rows = [_without(row, pivot, bit) for row in rows if row != pivot]
        left, chosen = _without((left, chosen), pivot, bit)
    assert left == 0
    return body + bytes(ord("\t") if chosen >> place & 1 else ord(" ") for place in range(places))


def _without(row: tuple[int, int], pivot: tuple[int, int], bit: int) -> tuple[int, int]:
    """The row with this bit taken out of it."""
    return (row[0] ^ pivot[0], row[1] ^ pivot[1]) if row[0] >> bit & 1 else row


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
