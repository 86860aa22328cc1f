"""What goes through the writer, in memory and in a spool file alike."""

import msgspec
from msgspec import Struct

from codevector_daemon.ledger.event import KeptResponse, OpenRequest, UsageEvent
from codevector_daemon.metering.counts import NO_EXTRAS, NOTHING, Extras, TokenCounts


class Noted(Struct, frozen=True, omit_defaults=True):
    """What an open request has used so far, as the journal keeps it."""

    counts: TokenCounts = NOTHING
    ttft_ms: int | None = None
    estimated_input: int = 0
    seen_ms: int = 0
    """When this was noted: a process that died was alive then."""
    service_tier: str | None = None
    """The tier that serves, or before the provider has named it the one that was asked for."""
    extras: Extras = NO_EXTRAS
    response: KeptResponse | None = None
    """What the provider said that it keeps, while it is still being made."""


class Admit(Struct, frozen=True, tag="admit"):
    """A call was admitted: note it in the journal."""

    note: OpenRequest


class Refresh(Struct, frozen=True, tag="refresh"):
    """An open request came further: replace what the journal noted of it."""

    id: str
    noted: Noted


class Settle(Struct, frozen=True, tag="settle"):
    """An attempt is over: count it, and close its note."""

    event: UsageEvent


Entry = Admit | Refresh | Settle


class Batch(Struct, frozen=True):
    """One frame of a spool file: what is counted in one transaction, under an id that is never used again."""

    id: str
    """Begins with the name of the process that wrote it and a dot."""
    node: str
    """The process that took the entries in, which the calls it opened belong to."""
    entries: list[Entry]


noted_json = msgspec.json.Encoder()
noted_decoder = msgspec.json.Decoder(Noted)
