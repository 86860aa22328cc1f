"""Anthropic's Messages body as Bedrock and Vertex AI take it. Pure: every other field keeps its bytes and its place.

Both name the model in the URL and the version in the body: ``bedrock-2023-05-31`` (docs.aws.amazon.com, Inference
using Anthropic Messages API) and ``vertex-2023-10-16`` (docs.anthropic.com, Claude on Vertex AI). Bedrock also says in
the URL whether it streams, and takes beta features as a field in place of the ``anthropic-beta`` header.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw

from codevector_daemon.directory.kinds.values import Body
from codevector_daemon.gateway.upstream import Headers

_VERSIONS: Final = {"bedrock": b'"bedrock-2023-05-31"', "vertex": b'"vertex-2023-10-16"'}
_LEFT_OUT: Final = {"bedrock": ("model", "stream"), "vertex": ("model",)}
_BETA: Final = b"anthropic-beta"
_HEADERS_LEFT_OUT: Final = {
    "bedrock": frozenset({_BETA, b"anthropic-version"}),
    "vertex": frozenset({b"anthropic-version"}),
}
_object: Final = msgspec.json.Decoder(dict[str, Raw])


def outgoing_body(form: Body, body: bytes, lines: Headers, *, counts: bool = False) -> bytes:
    """Return the body in the form that an endpoint wants; ``counts`` keeps the model, which a count names there.

    ``body`` is one JSON object, as the dialect has checked.
    """
    if form == "same":
        return body
    fields = _object.decode(body)
    for name in () if counts else _LEFT_OUT[form]:
        fields.pop(name, None)
    fields.setdefault("anthropic_version", Raw(_VERSIONS[form]))
    if form == "bedrock" and (betas := _betas(lines)):
        fields.setdefault("anthropic_beta", Raw(msgspec.json.encode(betas)))
    return msgspec.json.encode(fields)


def outgoing_lines(form: Body, lines: Headers) -> Headers:
    """Return the header lines without those that went into the body."""
    left_out = _HEADERS_LEFT_OUT.get(form, frozenset())
    return tuple(line for line in lines if line[0].lower() not in left_out)


def _betas(lines: Iterable[tuple[bytes, bytes]]) -> list[str]:
    values = [value.decode("latin-1") for name, value in lines if name.lower() == _BETA]
    return [beta for value in values for part in value.split(",") if (beta := part.strip())]
