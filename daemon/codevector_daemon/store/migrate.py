"""Brings an older database up with Alembic. Imported only when the version differs."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from codevector_daemon.errors import StoreTooNew
from codevector_daemon.store.connect import plain


def scripts() -> Config:
    """Return Alembic's configuration of our own migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(path: Path, version: str, *, patience_s: float) -> None:
    """Run every missing revision in one transaction, so that a killed upgrade leaves the old database."""
    config = scripts()
    _refuse_unknown(config, path, version)
    engine = sa.create_engine("sqlite://", creator=lambda: plain(path, patience_s=patience_s), poolclass=sa.NullPool)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_unknown(config: Config, path: Path, version: str) -> None:
    try:
        known: Any = ScriptDirectory.from_config(config).get_revision(version) if version else "nothing yet"
    except CommandError:
        known = None
    if known is None:
        raise StoreTooNew(
            f"{path} was written by a newer CodeVector (its schema is {version!r}); "
            "it was left untouched: install that version, or choose another database"
        )
