"""Request ids: ordered by time, unguessable, the same in the answer's header, in the ledger and on screen."""

import secrets

PREFIX = "req_"


def new_request_id(now_ms: int) -> str:
    """Return ``req_`` + 12 hex digits of milliseconds since 1970 + 20 random ones."""
    return f"{PREFIX}{now_ms:012x}{secrets.token_hex(10)}"
