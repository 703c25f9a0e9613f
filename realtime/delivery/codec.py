"""JSON for python-socketio and python-engineio, by msgspec: `dumps` and `loads` as they call them.

python-engineio keeps one JSON module a process, so this serves clients in the same process (tests) as well.
"""

from typing import Any

import msgspec


def dumps(value: object, **_: object) -> str:
    """`value` as compact JSON. A `msgspec.Raw` in it is spliced in as it is."""
    return msgspec.json.encode(value).decode()


def loads(text: str | bytes, **_: object) -> Any:
    """The value of JSON text.

    Raises:
        ValueError: it is not JSON, or nested deeper than anybody can read.
    """
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
