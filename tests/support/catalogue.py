"""The bundled price catalogue in the form in which genai-prices publishes it, to be edited and fed in again."""

import dataclasses
import json
from datetime import date, time
from decimal import Decimal
from typing import Any

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice

_LEFT_OUT = {"extractors"}
_SPELT = {"or_": "or", "and_": "and"}


def published() -> bytes:
    """Return the whole catalogue as JSON."""
    return json.dumps([_plain(provider) for provider in get_snapshot().providers]).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, ModelPrice):
        return _fields(vars(value))
    if dataclasses.is_dataclass(value):
        return _fields({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, dict):
        return _fields(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else value


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    return {
        _SPELT.get(name, name): _plain(value)
        for name, value in given.items()
        if value is not None and name not in _LEFT_OUT
    }
