"""Who may import whom, in a fresh process."""

import subprocess
import sys

import pytest

PURE = (
    "viewmodel.calls",
    "viewmodel.connect",
    "viewmodel.detail",
    "viewmodel.drill",
    "viewmodel.trend",
    "charts.picture",
)


@pytest.mark.parametrize("module", PURE)
def test_the_viewmodel_and_the_charts_know_no_textual(module: str) -> None:
    said = fresh(f"import codevector_tui.{module}, sys; print('textual' in sys.modules, 'click' in sys.modules)")
    assert said == "False False"


def test_the_monitor_does_not_load_the_daemon_nor_plotext_before_it_draws() -> None:
    code = (
        "import sys, codevector_tui.app, codevector_tui.screens.dashboard;"
        "print([name for name in sys.modules if name in ('plotext', 'codevector_daemon', 'sqlalchemy', 'quart')])"
    )
    assert fresh(code) == "[]"


def test_help_answers_without_loading_the_monitor() -> None:
    code = "import sys, codevector_tui.main; print('textual' in sys.modules, 'httpx' in sys.modules)"
    assert fresh(code) == "False False"


def test_without_a_terminal_it_says_what_to_use_instead() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from codevector_tui.main import main; raise SystemExit(main([]))"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "codevector-tui needs a terminal; without one use: codevector usage --json\n"


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()
