"""Request rows of the live stream, made from what the ledger holds in memory."""

from zoneinfo import ZoneInfo

from msgspec.structs import asdict

from codevector_daemon.directory import Directory
from codevector_daemon.ledger import OpenSoFar, Series, UsageEvent
from codevector_daemon.ledger.questions.listing import open_row, settled_row
from codevector_shared.protocol import Request


class RequestRows:
    """Puts names to ids, and times into the ledger's zone."""

    def __init__(self, directory: Directory, zone: ZoneInfo) -> None:
        self._directory = directory
        self._zone = zone

    def open(self, so_far: OpenSoFar) -> Request:
        """Show a call under way with its counts so far."""
        series = so_far.note.series
        return open_row(so_far, self._zone, self._user(series), self._directory.key_name(series.key_id))

    def settled(self, event: UsageEvent) -> Request:
        """Show an attempt that is over."""
        series = event.series
        names = {"user": self._user(series), "key": self._directory.key_name(series.key_id)}
        row = asdict(event) | asdict(series) | asdict(event.counts) | names
        return settled_row(row | {"duration_ms": event.duration_ms}, self._zone)

    def _user(self, series: Series) -> str | None:
        user = self._directory.user(series.user_id)
        return None if user is None else user.name
