"""The steps between versions of the schema, run by Alembic."""

HEAD = "0002"
"""The newest revision; kept here so that a start can compare it without importing Alembic."""
