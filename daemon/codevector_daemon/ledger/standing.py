"""How the writing goes, as the writer's thread last left it: figures of one moment, which fit together."""

from msgspec import Struct


class Standing(Struct, frozen=True):
    """Replaced as a whole by the writer's thread after each piece of work; may be read from any thread."""

    degraded: bool = False
    """The store refuses, or what it refused still waits outside of it, and nobody meant it to."""
    waiting: bool = False
    """Entries wait outside of the store, or have to; also where they only make way for a work that holds it."""
    trouble: str | None = None
    """Why the store refuses, while it does."""
    spooled_events: int = 0
    """Settled attempts that are not in the store yet."""
    damaged_spool_files: int = 0
    """Spool files that were set aside because a part of them could not be read, and are still there."""
    folded_names: int = 0
    """Names of projects, apps and models counted as ``other`` since the start, because their day had too many."""
