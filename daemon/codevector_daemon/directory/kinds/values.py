"""What there is to know of a kind of upstream service."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "aws", "google"]
"""The form of the credential: a header of that name, or what must be made of it for each call (``aws``, ``google``)."""

Body = Literal["same", "bedrock", "vertex"]
"""Whether the dialect's body goes out as it is, or in the form that a cloud wants it."""

Framing = Literal["sse", "aws"]
"""How a stream comes back: server-sent events, or those inside AWS's binary event stream."""

Header = tuple[bytes, bytes]

DIALECTS: Final = ("chat", "responses", "messages", "gemini", "embeddings", "completions")
"""Every wire protocol that a provider may speak."""


class Endpoint(Struct, frozen=True):
    """Where and how a service takes one dialect: a path below the base URL, and the form of the credential."""

    path: str
    auth: Auth = "bearer"
    headers: tuple[Header, ...] = ()
    """Sent where the client's request has no such header."""
    stream_path: str | None = None
    """Where streams are asked for, if that is another place."""
    count_path: str | None = None
    """Where the input of Messages is counted; ``None``: nowhere."""
    above: str = ""
    """The end of the base URL's path that ``path`` stands beside: ``/v1`` for ``/anthropic`` next to ``/v1``."""
    body: Body = "same"
    framing: Framing = "sse"


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of service."""

    name: str
    title: str
    base_url: str | None
    """Where it is, ``{region}`` filled in from the settings; ``None``: every account or machine has its own."""
    endpoints: Mapping[str, Endpoint]
    usual: tuple[str, ...] | None = None
    """The dialects of a provider that was added without any; ``None``: all of them."""
    native: str = ""
    """The dialect that carries all its models can do, where its others are copies that lose some of it."""
    dated: Mapping[str, Endpoint] | None = None
    """The endpoints of a provider with an ``api_version``, where those are others."""
    dated_probe: Endpoint | None = None
    probe: Endpoint | None = None
    """A cheap call that proves the credential; ``None``: one token of a model does."""
    lists: Endpoint | None = None
    """The list of models; ``None``: the catalogue must do."""
    vendor: str = ""
    """The price catalogue's name of this vendor; ``""``: prices are found by the model's name alone."""
    variable: str | None = None
    """The environment variable in which the vendor's own tools look for the credential."""
    needs: tuple[str, ...] = ()
    """Settings without which no call can be made."""
    organisation_header: bytes | None = None
    project_header: bytes | None = None
    own_machine: bool = False
    """It runs where its owner pays for the machine: models cost nothing unless they are given a price."""
    quirks: tuple[str, ...] = ()
    """What somebody who sets it up may wonder about."""
