"""Where the digits lead, and every key with an id, so that a person's own keymap can change it."""

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Place:
    """One screen: its digit, its name in code and on screen, and the heading it opens in the rail."""

    digit: str
    name: str
    title: str
    heading: str = ""


PLACES = (
    Place("1", "dashboard", "Dashboard"),
    Place("2", "activity", "Activity"),
    Place("4", "models", "Models"),
    Place("5", "keys", "Keys"),
    Place("6", "leaderboard", "Leaderboard"),
    Place("7", "connect", "Connect"),
    Place("9", "usage", "Usage", "ADMIN"),
)
"""The digits are fixed; 3, 8 and 0 belong to Projects, Overview and Admin."""

APP_KEYS = (
    *(Binding(place.digit, f"go('{place.name}')", place.title, show=False, id=f"go.{place.name}") for place in PLACES),
    Binding("ctrl+p", "command_palette", "All", id="app.palette", priority=True),
    Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
    Binding("r", "reconnect", "Refresh", show=False, id="app.refresh"),
    Binding("q", "quit", "Quit", show=False, id="app.quit"),
    Binding("ctrl+q", "quit", "Quit", show=False, id="app.quit_always", priority=True),
)

PERIOD_KEYS = (
    Binding("left_square_bracket", "earlier", "Period", id="period.earlier", key_display="[ ]"),
    Binding("right_square_bracket", "later", "Period", show=False, id="period.later"),
)

DASHBOARD_KEYS = (
    *PERIOD_KEYS,
    Binding("left", "cursor(-1)", "Cursor", id="chart.left", key_display="←→"),
    Binding("right", "cursor(1)", "Cursor", show=False, id="chart.right"),
    Binding("enter", "drill", "Open day", id="chart.drill"),
    Binding("t", "today", "Today", show=False, id="period.today"),
    Binding("g", "granularity", "Bars", id="chart.granularity"),
    Binding("c", "measure", "$/tokens", id="chart.measure"),
    Binding("v", "view", "Chart", id="chart.view"),
    Binding("z", "zoom", "Zoom", id="panel.zoom"),
    Binding("y", "copy", "Copy", show=False, id="panel.copy"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)
