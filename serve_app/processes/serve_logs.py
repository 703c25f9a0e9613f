"""Logging of Ray Serve's own messages: beside Carewire's files, as JSON like them."""

from collections.abc import Mapping
from typing import Final

JSON_LOGS: Final[Mapping[str, object]] = {"encoding": "JSON"}
"""Serve's `logging_config`, for its controller, its proxies and its replicas."""
