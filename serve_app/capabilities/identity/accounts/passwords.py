"""Passwords: argon2id (RFC 9106), in threads of their own, and never more at once than they can take."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import FailedPrecondition, Overloaded
from config.settings import IdentitySettings

LONGEST: Final = 128
_FEWEST_CHARACTERS: Final = 4  # different ones
T = TypeVar("T")


class Passwords:
    """One a process."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_passes, memory_cost=settings.argon2_memory_kib, parallelism=1
        )
        self._threads = ThreadPoolExecutor(settings.hash_threads, thread_name_prefix="argon2")
        self._places = settings.hash_threads + settings.max_waiting_hashes
        self._shortest = settings.min_password_chars
        self._waiting = 0
        self._nobody = self._hasher.hash("nobody's password")

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def check_new(self, password: str) -> None:
        """Can it be a password? Length is what counts (NIST SP 800-63B, 5.1.1).

        Raises:
            FailedPrecondition: it is too easy to guess.
        """
        if len(password) < self._shortest or len(set(password)) < _FEWEST_CHARACTERS:
            raise FailedPrecondition(f"This password is too easy to guess: take {self._shortest} characters or more.")

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Overloaded."""
        return await self._in_thread(lambda: self._hasher.hash(normal(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Is it the one? Without a stored hash it takes as long to say no. Raises Overloaded."""
        return await self._in_thread(lambda: self._is(password, stored or self._nobody)) and stored is not None

    def is_weak(self, stored: str) -> bool:
        """Was it hashed with other parameters than the present ones?"""
        return self._hasher.check_needs_rehash(stored)

    def _is(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._places:
            raise Overloaded("Too many sign in right now. Try again.", retry_after_s=1.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def normal(password: str) -> str:
    """The same password typed on another keyboard is the same (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)
