"""Processes of Ray: where they log."""

from pathlib import Path
from typing import Any

import ray

from common.logs import log_to_file, tell_faults
from config.settings import Settings


def log_process(name: str, settings: Settings) -> None:
    """Let this process of Ray log to `carewire/<name>.log` among the logs of its node."""
    node: Any = ray._private.worker._global_node  # Ray has no public name for the folder; Serve finds it here as well
    log_to_file(Path(node.get_logs_dir_path()) / "carewire" / f"{name}.log", settings.log.level, process=name)
    tell_faults(settings.log.faults_to, name)
