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
    Binding(
        "ctrl+p", "command_palette", "All", tooltip="Everything there is, by name", id="app.palette", priority=True
    ),
    Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
    Binding("r", "reconnect", "Refresh", tooltip="Read everything again, connect again", show=False, id="app.refresh"),
    Binding(
        "a",
        "acknowledge",
        "Hide alarms",
        tooltip="Hide alarms until something new happens",
        show=False,
        id="app.acknowledge",
    ),
    Binding("q", "quit", "Quit", tooltip="Close the monitor; the daemon goes on", show=False, id="app.quit"),
    Binding(
        "ctrl+q",
        "quit",
        "Quit",
        tooltip="Close the monitor; the daemon goes on",
        show=False,
        id="app.quit_always",
        priority=True,
    ),
)

PERIOD_KEYS = (
    Binding(
        "left_square_bracket",
        "earlier",
        "Period",
        tooltip="A shorter or a longer period",
        id="period.earlier",
        key_display="[ ]",
    ),
    Binding(
        "right_square_bracket", "later", "Period", tooltip="A shorter or a longer period", show=False, id="period.later"
    ),
)

DASHBOARD_KEYS = (
    *PERIOD_KEYS,
    Binding("left", "cursor(-1)", "Cursor", tooltip="The exact numbers of one bar", id="chart.left", key_display="←→"),
    Binding(
        "right",
        "cursor(1)",
        "Cursor",
        key_display="→",
        tooltip="The exact numbers of one bar",
        show=False,
        id="chart.right",
    ),
    Binding("enter", "drill", "Open day", tooltip="Look closely at the bar under the cursor", id="chart.drill"),
    Binding("t", "today", "Today", show=False, id="period.today"),
    Binding("g", "granularity", "Bars", tooltip="Cut the period into other bars", id="chart.granularity"),
    Binding("c", "measure", "Unit", tooltip="Dollars or tokens", id="chart.measure"),
    Binding("v", "view", "Chart", tooltip="The other chart", id="chart.view"),
    Binding("z", "zoom", "Zoom", tooltip="Give the chart the whole screen, and back", id="panel.zoom"),
    Binding("y", "copy", "Copy", show=False, id="panel.copy"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)

ACTIVITY_KEYS = (
    Binding(
        "slash", "filter", "Filter", tooltip="Show what has all these words", id="activity.filter", key_display="/"
    ),
    Binding("space", "pause", "Pause", tooltip="Hold the list still, and go on", id="activity.pause"),
    Binding("enter", "open", "Detail", id="activity.detail"),
    Binding("w", "whose", "Whose", tooltip="Everyone's requests, or mine", id="activity.whose"),
    Binding("y", "copy", "Copy id", id="panel.copy"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)

TABLE_KEYS = (
    Binding("s", "sort(1)", "Sort", id="table.sort"),
    Binding("S", "sort(-1)", "Sort back", show=False, id="table.sort_back"),
    Binding("y", "copy", "Copy", id="panel.copy"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)

MODELS_KEYS = (
    Binding("enter", "open", "Detail", tooltip="Everything about the model, its backends too", id="models.detail"),
    *TABLE_KEYS,
)

KEYS_KEYS = (
    Binding("n", "create", "New key", id="keys.create"),
    Binding("x", "revoke", "Revoke", id="keys.revoke"),
    *TABLE_KEYS,
)

BOARD_KEYS = (
    *PERIOD_KEYS,
    Binding("m", "metric", "Metric", id="board.metric"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)

CONNECT_KEYS = (
    Binding("right,tab", "client(1)", "Client", id="connect.next", key_display="←→"),
    Binding("left,shift+tab", "client(-1)", "Client", show=False, id="connect.previous"),
    Binding("down", "move(1)", "Step", id="connect.down", key_display="↑↓"),
    Binding("up", "move(-1)", "Step", show=False, id="connect.up"),
    Binding("y", "copy", "Copy step", id="panel.copy"),
    Binding("escape", "back", "Back", show=False, id="app.back"),
)

USAGE_KEYS = (
    Binding("b", "dimension", "By", tooltip="By user, model, project, key, provider, client app", id="usage.dimension"),
)
