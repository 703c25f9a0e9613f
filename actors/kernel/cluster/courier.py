"""Letters between shards: sent through a region, under the id that the sender gave them."""

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.postman import Courier, Unhosted
from actors.kernel.history.codec import StoredLetter


def courier_of(region: Region) -> Courier:
    """The courier of a shard: it sends letters through a region, under the id that the sender gave them."""

    async def send(letter: StoredLetter) -> None:
        if not region.reaches(letter.to):
            raise Unhosted(letter.to)
        await region.submit_packed(letter.to, letter.command, by=SYSTEM, command_id=letter.command_id, unread=True)

    return send
