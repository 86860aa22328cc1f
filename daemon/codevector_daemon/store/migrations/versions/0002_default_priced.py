"""Sums count the calls at the default rates, as they count those without a price."""

import sqlite3

import sqlalchemy as sa
from alembic import op

from codevector_daemon.store.migrations.default_priced import COLUMN, fill

revision = "0002"
down_revision = "0001"

_TABLES = ("buckets_5m", "buckets_hour", "buckets_day", "buckets_month", "margins")


def upgrade() -> None:
    """Add the column to every tier and to the margins, and fill it."""
    for table in _TABLES:
        op.add_column(table, sa.Column(COLUMN, sa.BigInteger(), server_default="0", nullable=False))
    connection = op.get_bind().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    fill(connection)
