"""What nobody may overlook, below the header of every screen; no row at all while all is well."""

from collections.abc import Sequence

from codevector_shared.protocol import Period
from codevector_tui.viewmodel.alarms import alarm_rows, alarms
from codevector_tui.viewmodel.spans import Row
from codevector_tui.widgets.spanview import SpanView


class Banner(SpanView):
    """Alarms of the daemon and of the period on screen; as high as they need."""

    def __init__(self) -> None:
        super().__init__()
        self._period: Period | None = None
        self._found: tuple[Row, ...] = ()

    def follow(self, period: Period | None) -> None:
        """Say what there is to say now, about the period on screen too."""
        self._period = period
        self._fit()

    def on_resize(self) -> None:
        """Break the lines for another width."""
        self._fit()

    def _fit(self) -> None:
        self._found = self._said(self.app.size.width, self.app.size.height)
        self.display = bool(self._found)
        self.styles.height = len(self._found)
        self.redraw()

    def _said(self, width: int, height: int) -> tuple[Row, ...]:
        monitor = self.monitor
        live = monitor.link.live
        if live is None:
            return ()
        found = alarms(live.status, self._period, monitor.seen, monitor.now_ms(), monitor.zone)
        return alarm_rows(found, width, height)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Return the rows."""
        del width, height
        return self._found
