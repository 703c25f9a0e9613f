"""Keys of hashes: not to be guessed whoever signs, the same for all replicas, unchanged where they were good."""

import asyncio

import pytest
from pydantic import SecretStr

from common.auth.keys import derive
from common.clock import SystemClock
from config.settings import AuthSettings
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.edge.conventions.roots import root_of
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.mongo.client import Database
from store.mongo.keys import MongoKeyStore
from tests.gateway_rig import SECRET

FOREIGN = AuthSettings(jwks_url="https://id.example/certs")
OURS = AuthSettings(secret=SecretStr(SECRET))
BOTH = AuthSettings(secret=SecretStr(SECRET), jwks_url="https://id.example/certs")
_PUBLIC = ("of another issuer", "")  # what the first release derived from where another issuer signs


@pytest.fixture
def masters() -> MasterKeys:
    return MasterKeys.generate()


def vault_of(database: Database, masters: MasterKeys) -> KeyringVault:
    """That of one process."""
    return KeyringVault(MongoKeyStore(database), masters, SystemClock())


async def test_where_another_issuer_signs_the_root_is_random_kept_and_the_same_for_all(
    mongo: Database, masters: MasterKeys
) -> None:
    roots = await asyncio.gather(*(root_of(FOREIGN, mongo, vault_of(mongo, masters)) for _ in range(10)))
    assert len(set(roots)) == 1
    assert len(roots[0]) == 64
    assert await root_of(FOREIGN, mongo, vault_of(mongo, masters)) == roots[0]
    assert not {derive(roots[0], "index")} & {derive(one, "index") for one in _PUBLIC if one}
    kept = await mongo["shared_secrets"].find_one()
    assert kept is not None
    assert set(kept) == {"_id", "sealed"}
    assert bytes.fromhex(roots[0]) not in kept["sealed"]


async def test_a_copy_of_the_database_does_not_tell_it(mongo: Database, masters: MasterKeys) -> None:
    await root_of(FOREIGN, mongo, vault_of(mongo, masters))
    with pytest.raises(LookupError):
        await root_of(FOREIGN, mongo, vault_of(mongo, MasterKeys({"another": b"x" * 32})))


async def test_where_tokens_are_signed_here_accounts_are_found_by_what_they_were_stored_under(
    mongo: Database, masters: MasterKeys
) -> None:
    """Also with another issuer beside it, and after a time with nothing but another issuer."""
    vault = vault_of(mongo, masters)
    stored = Sealing(vault, derive(SECRET, "index")).index("mail", "ada@example.org")  # by the first release
    for auth in (OURS, BOTH, FOREIGN, BOTH):
        root = await root_of(auth, mongo, vault)
        found = Sealing(vault, derive(root, "index")).index("mail", "ada@example.org")
        assert (found == stored) == (auth.secret is not None)
