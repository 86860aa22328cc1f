"""The leaderboard as a table: rank and its change, the user, the three figures, and a bar for the chosen one."""

from codevector_shared.formats import clean, column_places, compact, dollars
from codevector_shared.money import nano
from codevector_shared.protocol import Leaderboard, LeaderboardRow, Metric
from codevector_tui.viewmodel.kpi import basis_mark
from codevector_tui.viewmodel.spans import Span
from codevector_tui.viewmodel.table import Column, Table

METRICS: tuple[tuple[Metric, str], ...] = (("tokens", "Tokens"), ("spend", "Spend"), ("requests", "Requests"))
_MEDALS = {1: "bright", 2: "text", 3: "text"}

COLUMNS = (
    Column("Rank", 4, "right"),
    Column("", 4),
    Column("User", 12, flex=1, most=26),
    Column("", 10, flex=3, rank=1, most=120, bar=True),
    Column("Tokens", 8, "right", rank=2),
    Column("Requests", 8, "right", rank=3),
    Column("Spend", 10, "right"),
)


def leaderboard(board: Leaderboard) -> Table[LeaderboardRow]:
    """Return the board as the Leaderboard screen's table."""
    largest = max((_figure(row, board.metric) for row in board.rows), default=0)
    places = column_places([row.spend_usd for row in board.rows])
    return Table(
        columns=COLUMNS,
        items=board.rows,
        cells=lambda row: _cells(row, board.metric, largest, places),
        identity=lambda row: row.user,
        empty=("Nobody has made a request in this window.", "Press 7 to connect a client, or ] for a longer window."),
    )


def _figure(row: LeaderboardRow, metric: Metric) -> int:
    if metric == "spend":
        return nano(row.spend_usd)
    return row.tokens if metric == "tokens" else row.requests


def _cells(row: LeaderboardRow, metric: Metric, largest: int, places: int) -> tuple[Span, ...]:
    def tone(name: Metric) -> str:
        return "bright" if name == metric else "muted"

    part = _figure(row, metric) / largest if largest else 0.0
    return (
        Span(str(row.rank), _MEDALS.get(row.rank, "muted")),
        _moved(row),
        Span(f"{clean(row.user, 40)} (you)" if row.you else clean(row.user, 40), "accent" if row.you else "text"),
        Span(f"{part:.6f}", "output.5" if row.you else "spend.5"),
        Span(compact(row.tokens), tone("tokens")),
        Span(compact(row.requests), tone("requests")),
        Span(dollars(row.spend_usd, places) + (basis_mark(row) or " "), tone("spend")),
    )


def _moved(row: LeaderboardRow) -> Span:
    """Return how a rank changed since the window before."""
    if row.previous_rank is None:
        return Span("new", "muted")
    up = row.previous_rank - row.rank
    if not up:
        return Span("=", "faint")
    return Span(f"▲ {up}", "good") if up > 0 else Span(f"▼ {-up}", "warn")
