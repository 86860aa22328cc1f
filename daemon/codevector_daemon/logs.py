"""Where the daemon's log goes: standard error, and a file that never stops a call."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 1024 * 1024
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure(file: Path) -> None:
    """Set up logging for this process. A file that cannot be written is said once and done without."""
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    problem = None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8"))
    except OSError as error:
        problem = error
    logging.basicConfig(level=logging.INFO, format=FORMAT, handlers=handlers)
    for name in ("codevector_daemon.http", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if problem is not None:
        logging.getLogger(__name__).warning("%s cannot be written (%s): logging to standard error only", file, problem)
