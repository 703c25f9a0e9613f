"""Structured logs: JSON lines in files, readable lines on a terminal. Ids only, never content.

A line is in its file before the call that logged it returns: what a process wrote last is what explains its end.
"""

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

import structlog

from common.net.dsn import Dsn
from common.net.faults import FaultReporter

LogFormat = Literal["auto", "json", "console"]
_FILE_BYTES: Final = 50_000_000
_OLDER_FILES: Final = 4
_FAULTS: Final = ("error", "critical")


class _Telling:
    """A step that every line goes through: faults are told to whoever wants to hear of them."""

    def __init__(self) -> None:
        self.reporter: FaultReporter | None = None

    def __call__(self, _: object, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        if self.reporter is not None and line.get("level") in _FAULTS:
            self.reporter.report(line)
        return line


_telling: Final = _Telling()
_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _telling,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_PROCESSORS: Final[list[structlog.types.Processor]] = [  # one list for good: loggers keep the one they first met
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure_logging(level: str = "INFO", fmt: LogFormat = "auto", **bound: object) -> None:
    """Log to stderr: for commands. `bound` (e.g. process="driver") is in every line of this process."""
    terminal = sys.stderr.isatty()
    readable = terminal if fmt == "auto" else fmt == "console"
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer()
    )
    _log_with(logging.StreamHandler(sys.stderr), renderer, level, bound)


def log_to_file(path: Path, level: str = "INFO", **bound: object) -> None:
    """Log JSON lines to this file, for processes that nobody watches. What would end a thread, or the process, is
    logged there as well. The file is changed for a new one when it has 50 MB; four old ones stay.

    The streams of such a process are no place for it: Ray wraps each of their lines in one of its own, at INFO, and
    calls them terminals.
    """
    handler: logging.Handler
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_OLDER_FILES, encoding="utf-8")
    except OSError:  # a disk that is full or read-only keeps nobody from starting
        handler = logging.StreamHandler(sys.stderr)
    _log_with(handler, structlog.processors.JSONRenderer(), level, bound)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def tell_faults(dsn: str | None, process: str) -> None:
    """Tell of faults there as well (see `common.net.faults`). None: nobody. Raises ValueError: it is no DSN."""
    _telling.reporter = None if dsn is None else FaultReporter(Dsn.parse(dsn), process)


def take_over(name: str, level: int) -> None:
    """Let a library that brings handlers of its own write where this process writes."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(level)


def _log_with(
    handler: logging.Handler, renderer: structlog.types.Processor, level: str, bound: dict[str, object]
) -> None:
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("pymongo", "engineio", "socketio", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("uncaught").critical("process.crashed", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value if args.exc_value is not None else args.exc_type()
    logging.getLogger("uncaught").critical("thread.crashed", exc_info=(args.exc_type, error, args.exc_traceback))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are named facts: `log.info("shard.started", shard="rooms-0")`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
