"""The writer's SQL, as text: through an expression compiler the same work costs eight times the CPU.

``tests/ledger/test_statements.py`` holds it against the schema.
"""

from codevector_daemon.ledger.state import FACTS as FACT_NAMES
from codevector_daemon.ledger.sums import LARGEST
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.store.schema import AMOUNTS

ADD_REQUEST = """
INSERT INTO requests (
    id, parent_id, attempt, series_id, started_ms, finished_ms, state, status, session, agent, dialect, stream,
    uncached_input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output,
    server_tool_calls, extras, spend_nano, usage_source, price_basis, price_version, service_tier, own_login, imported,
    ttft_ms, duration_ms, error
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""

_AMOUNTS = ", ".join(AMOUNTS)
_ADDED = ", ".join(f"{name} = min({name} + excluded.{name}, {LARGEST})" for name in AMOUNTS)


def add_to_bucket(tier: Tier) -> str:
    """Return the statement that adds amounts to a bucket of a tier; a sum stays at the largest number there is."""
    return f"""
INSERT INTO {tier.table.name} (start, series_id, {_AMOUNTS})
VALUES (?, ?, {", ".join("?" for _ in AMOUNTS)})
ON CONFLICT (start, series_id) DO UPDATE SET {_ADDED}
"""  # noqa: S608  # our own names only


ADD_TO_BUCKET = {tier: add_to_bucket(tier) for tier in Tier}

ADD_TO_MARGIN = f"""
INSERT INTO margins (tier, user_id, dimension, start, value, {_AMOUNTS})
VALUES (?, ?, ?, ?, ?, {", ".join("?" for _ in AMOUNTS)})
ON CONFLICT (tier, user_id, dimension, start, value) DO UPDATE SET {_ADDED}
"""  # noqa: S608  # our own names only

MARK = """
INSERT INTO marks (tier, start, version)
VALUES (?, ?, ?)
ON CONFLICT (tier, start) DO UPDATE SET version = excluded.version
"""

KEEP = """
INSERT INTO meta (name, value)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

FACTS = f"SELECT name, value FROM meta WHERE name IN ({', '.join(repr(name) for name in FACT_NAMES)})"  # noqa: S608

OPEN = """
INSERT INTO open_requests (
    id, parent_id, attempt, series_id, node, started_ms, session, agent, dialect, stream, own_login, noted
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""

REFRESH = "UPDATE open_requests SET noted = ? WHERE id = ?"

LATE_ROW = "SELECT 1 FROM requests WHERE id = ?"

STAND_IN = """
SELECT parent_id, started_ms, started_ms + duration_ms, state, spend_nano, usage_source, price_basis, own_login,
    uncached_input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
    user_id, key_id, client_app, project, model, provider, upstream_model
FROM requests JOIN series ON series.id = series_id
WHERE requests.id = ? AND usage_source <> 'reported'
"""
"""What stands for a usage that was never told, in the order of the fields of counts and series."""

DELETE_REQUEST = "DELETE FROM requests WHERE id = ?"

COUNTED = "SELECT 1 FROM responses WHERE id = ? AND user_id = ? AND request_id = ? AND counted"

COUNT_RESPONSE = "UPDATE responses SET counted = 1 WHERE id = ? AND user_id = ? AND request_id = ?"

KEEP_RESPONSE = """
INSERT OR REPLACE INTO responses (
    id, user_id, provider_id, request_id, series_id, created_ms, session, agent, own_login, service_tier, counted
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

CLOSE = "DELETE FROM open_requests WHERE id = ?"

KEY_USED = "UPDATE keys SET last_used_ms = ?1 WHERE id = ?2 AND coalesce(last_used_ms, 0) < ?1"

ADD_SERIES = """
INSERT INTO series (user_id, key_id, client_app, project, model, provider, upstream_model)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

FIND_SERIES = """
SELECT id FROM series
WHERE user_id = ? AND key_id = ? AND client_app = ? AND project = ? AND model = ? AND provider = ?
    AND upstream_model = ?
"""

ADD_BATCH = "INSERT INTO spool_batches (id) VALUES (?) ON CONFLICT DO NOTHING"

FORGET_BATCH = "DELETE FROM spool_batches WHERE id = ?"

FORGET_BATCHES_OF = "DELETE FROM spool_batches WHERE id >= ?1 || '.' AND id < ?1 || '/'"
"""Of one process: its batches' ids begin with its name and a dot, and ``/`` follows the dot in ASCII."""
