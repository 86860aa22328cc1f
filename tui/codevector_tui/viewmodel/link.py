"""How the connection to the daemon is, and what it last said."""

from dataclasses import dataclass
from typing import Literal

from codevector_tui.viewmodel.live import Live

Phase = Literal["connecting", "live", "lost"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection, and what helps."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The connection at one moment; ``heard_ms`` is when the daemon last spoke, by this machine's clock."""

    phase: Phase = "connecting"
    live: Live | None = None
    heard_ms: int | None = None
    trouble: Trouble | None = None
    retry_ms: int | None = None

    @property
    def stale(self) -> bool:
        """Whether what is shown is old."""
        return self.phase != "live" and self.live is not None
