"""The writer's SQL, as text: through an expression compiler the same work costs eight times the CPU.

``tests/ledger/test_statements.py`` holds it against the schema.
"""

ADD_REQUEST = """
INSERT INTO requests (
    id, parent_id, attempt, series_id, started_ms, finished_ms, state, status, session, agent, dialect, stream,
    uncached_input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output,
    server_tool_calls, extras, spend_nano, usage_source, price_basis, price_version, service_tier, own_login, imported,
    ttft_ms, duration_ms, error
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""

ADD_TO_BUCKET = """
INSERT INTO buckets_5m (
    start, series_id, requests, errors, uncached_input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
    spend_nano, own_login_nano, estimated_requests, unpriced_requests, duration_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (start, series_id) DO UPDATE SET
    requests = requests + excluded.requests,
    errors = errors + excluded.errors,
    uncached_input = uncached_input + excluded.uncached_input,
    cache_read = cache_read + excluded.cache_read,
    cache_write_5m = cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = cache_write_1h + excluded.cache_write_1h,
    output = output + excluded.output,
    reasoning = reasoning + excluded.reasoning,
    spend_nano = spend_nano + excluded.spend_nano,
    own_login_nano = own_login_nano + excluded.own_login_nano,
    estimated_requests = estimated_requests + excluded.estimated_requests,
    unpriced_requests = unpriced_requests + excluded.unpriced_requests,
    duration_ms = duration_ms + excluded.duration_ms
"""

OPEN = """
INSERT INTO open_requests (
    id, parent_id, attempt, series_id, node, started_ms, session, agent, dialect, stream, own_login, noted
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""

REFRESH = "UPDATE open_requests SET noted = ? WHERE id = ?"

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

BATCHES = "SELECT id FROM spool_batches"

FORGET_BATCH = "DELETE FROM spool_batches WHERE id = ?"
