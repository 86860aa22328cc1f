"""What the counting routes are asked, and the window and user that it means."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from codevector_daemon.directory import Directory
from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError
from codevector_daemon.ledger.selection import Only
from codevector_shared.periods import Window, between, named
from codevector_shared.protocol import By, Granularity, Metric, State

NamedPeriod = Literal["today", "7d", "30d", "90d", "all"]
_USUAL: NamedPeriod = "today"
_BARS: dict[Granularity, int] = {"5m": 8, "hour": 100, "day": 4000, "week": 30_000, "month": 3_000_000}
"""How many days may be cut into bars of each width."""
_SPAN_DAYS = 4000
"""How many days ``from`` and ``to`` may be apart: reading a century takes over a second, all others waiting."""
_HOURLY_DAYS = 400
"""How many of them may be broken down by the hour: cutting 400 days into hours takes 50 ms."""
_LARGEST = 2**63 - 1
"""What an integer column can hold."""
Count = Annotated[int, Meta(ge=1, le=_LARGEST)]
Id = Annotated[int, Meta(ge=0, le=_LARGEST)]


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """A query: what it does not know is refused."""


class Span(Asked, frozen=True, kw_only=True):
    """A window of time: a period, or the days from ``from`` to ``to`` inclusive."""

    period: NamedPeriod | None = None
    first: str | None = field(default=None, name="from")
    last: str | None = field(default=None, name="to")

    def window(self, now_ms: int, zone: ZoneInfo) -> Window:
        """Return the window; raises DirectoryError when the days make none."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        if self.first is None and self.last is None:
            return named(self.period or _USUAL, now, zone)
        if self.period is not None or self.first is None:
            raise DirectoryError("invalid_query", "query: give either a period, or from and, if you like, to")
        last = now.astimezone(zone).date() if self.last is None else _day("to", self.last)
        first = _day("from", self.first)
        if (last - first).days >= _SPAN_DAYS:
            raise DirectoryError(
                "invalid_query",
                f"query: from={first} is more than {_SPAN_DAYS} days before to={last}",
                "Ask for fewer days, or for period=all.",
            )
        try:
            return between(first, last, now, zone)
        except ValueError as wrong:
            raise DirectoryError("invalid_query", f"query: {wrong}") from wrong


class Filtered(Span, frozen=True, kw_only=True):
    """Which calls: those with these values of dimensions; an empty value means that it is unknown."""

    model: str | None = None
    provider: str | None = None
    project: str | None = None
    client_app: str | None = None
    key: Id | None = None

    def only(self, user_id: int | None) -> Only:
        """Return the restriction, with whose calls they are."""
        return Only(
            user_id=user_id,
            key_id=self.key,
            model=self.model,
            provider=self.provider,
            project=self.project,
            client_app=self.client_app,
        )


class MemberUsage(Filtered, frozen=True, kw_only=True):
    """What ``/usage`` is asked with a key."""

    by: By = "day"

    def dimension(self, window: Window) -> By:
        """Return what to break down by; raises DirectoryError when a span of days makes too many rows of time."""
        if self.by == "hour" and window.start is not None and (window.end - window.start).days > _HOURLY_DAYS:
            raise DirectoryError(
                "invalid_query",
                "query: by=hour makes too many rows of that period",
                f"Take at most {_HOURLY_DAYS} days, or period=all.",
            )
        return self.by


class UsageQuery(MemberUsage, frozen=True, kw_only=True):
    """What ``/usage`` is asked on the socket."""

    user: str | None = None
    everyone: bool = False


class MemberDashboard(Filtered, frozen=True, kw_only=True):
    """What ``/dashboard`` is asked with a key."""

    granularity: Granularity | None = None

    def bars(self, window: Window) -> Granularity:
        """Return how wide the bars are; raises DirectoryError when there would be too many."""
        if window.start is None:
            wish, most = self.granularity or "month", _BARS["day"]
        else:
            days = (window.end - window.start).days
            wish, most = self.granularity or _usual_bars(days), days
        if _BARS[wish] < most:
            raise DirectoryError(
                "invalid_query",
                f"query: granularity={wish} makes too many bars of that period",
                f"Take a wider one, or at most {_BARS[wish]} days.",
            )
        return wish


class DashboardQuery(MemberDashboard, frozen=True, kw_only=True):
    """What ``/dashboard`` is asked on the socket."""

    user: str | None = None
    everyone: bool = False


class MemberRequests(Asked, frozen=True, kw_only=True):
    """What ``/requests`` is asked with a key; ``before`` is the id of the last row of the page before."""

    last: Count = 50
    state: State | None = None
    before: str | None = None


class RequestsQuery(MemberRequests, frozen=True, kw_only=True):
    """What ``/requests`` is asked on the socket."""

    user: str | None = None
    everyone: bool = False


class LeaderboardQuery(Span, frozen=True, kw_only=True):
    """What ``/leaderboard`` is asked."""

    metric: Metric = "spend"


class KeysQuery(Asked, frozen=True, kw_only=True):
    """What ``/keys`` is asked on the socket."""

    user: str | None = None


class RemovalQuery(Asked, frozen=True, kw_only=True):
    """How a provider is removed."""

    force: bool = False


class OfWhom(Protocol):
    """A query that says whose calls are meant."""

    @property
    def user(self) -> str | None:
        """The user's name; ``None``: the owner."""

    @property
    def everyone(self) -> bool:
        """All users together."""


def user_id(query: OfWhom, directory: Directory) -> int | None:
    """Return whose calls are meant, ``None`` for everyone's; raises DirectoryError."""
    if query.everyone:
        if query.user is not None:
            raise DirectoryError("invalid_query", "query: give either user or everyone")
        return None
    return directory.owner.user_id if query.user is None else directory.user_named(query.user).id


def _usual_bars(days: int) -> Granularity:
    if days <= 2:  # noqa: PLR2004 - a bar an hour fits a screen for two days
        return "hour"
    return "day" if days <= 92 else "month"  # noqa: PLR2004 - and a bar a day for three months


def _day(name: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day, cut in the ledger's zone
    except ValueError as wrong:
        raise DirectoryError("invalid_query", f"query: {name}={shown(text)} is not a day such as 2026-01-31") from wrong
