"""What providers are told of people and of what is theirs: marks that name nobody."""

from hashlib import blake2b


def mark_of(id_: str) -> str:
    """The mark of an id of ours."""
    return blake2b(id_.encode(), digest_size=12).hexdigest()
