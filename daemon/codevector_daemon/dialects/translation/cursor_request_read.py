"""Reads a request of Cursor on the route of Chat Completions into a conversation, whatever protocol its parts have."""

from typing import Any, Final

import msgspec

from codevector_daemon.dialects.cursor import in_one_form
from codevector_daemon.dialects.translation import chat_request_read, responses_request_read, wire
from codevector_daemon.dialects.translation.canonical import Conversation

_fields: Final = msgspec.json.Decoder(dict[str, Any])


def read(body: bytes) -> Conversation:
    """Read a request; raises BadBody naming the field that is wrong or cannot be carried."""
    fields = in_one_form(wire.decode(_fields, body))
    whole = msgspec.json.encode(fields)
    return chat_request_read.read(whole) if "messages" in fields else responses_request_read.read(whole)
