"""How many connections one listener has: in all, and of one address."""

from collections import Counter

from common.addresses import network_of


class ConnectionCount:
    """Counts the connections of one listener. `of_one_address` is None where a proxy stands in front of all."""

    def __init__(self, most: int, of_one_address: int | None) -> None:
        self._most, self._of_one_address = most, of_one_address
        self._by_network: Counter[str] = Counter()
        self._total = 0

    def admit(self, address: str) -> bool:
        """Is there room for one more? Then it is counted, until `leave`."""
        network = network_of(address)
        if self._total >= self._most:
            return False
        if self._of_one_address is not None and self._by_network[network] >= self._of_one_address:
            return False
        self._total += 1
        self._by_network[network] += 1
        return True

    def leave(self, address: str) -> None:
        """One of this address has gone."""
        network = network_of(address)
        self._total -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]
