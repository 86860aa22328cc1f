"""One call through a translation, in the fewest words."""

import json
from typing import Any

from hypothesis import settings

from codevector_daemon.dialects.base import Head
from codevector_daemon.dialects.translation import Translated, Translation, between

quick = settings(deadline=None, max_examples=60)
"""For properties that run on machines with other work to do."""


def made(client: str, provider: str, vendor: str | None = None) -> Translation:
    """Return a translation that must exist."""
    translation = between(client, provider, vendor=vendor, now_s=lambda: 1_760_000_000)
    assert translation is not None
    return translation


def ask(client: str, provider: str, model: str, /, *, vendor: str | None = None, **fields: Any) -> Translated:
    """Translate a request of these fields."""
    body = json.dumps(fields).encode()
    return made(client, provider, vendor).request(body, Head(model="slug"), model, stream=False)


def fields(translated: Translated) -> dict[str, Any]:
    """Return the fields of a request for upstream."""
    value: dict[str, Any] = json.loads(translated.body)
    return value
