"""The monitor on a real terminal: a request appears, grows and settles while one looks on."""

import json
import os
import re
import time
from collections.abc import Iterator

import pytest

from support import chat, raw
from support.counts import Counts, Rates
from support.daemon import PROGRAMS
from support.desk import CHAT_PATH, Desk
from support.screen import TMUX, Screen
from support.waiting import until

pytestmark = [pytest.mark.terminal, pytest.mark.skipif(TMUX is None, reason="tmux is not installed")]

PROMPT_S = 0.5
"""How soon the monitor shows what happened on a machine that does nothing else."""
QUIET_S = 0.2
"""How soon it answers a key on such a machine; a run before or after which that took longer is not timed."""
RUNS = 6
ENOUGH_RUNS = 3
"""Of so many timed runs the best is held to the limit; with fewer, only that everything was shown."""
PATIENCE_S = 60.0
DEAR = Rates("10000", "100000", "10000", "10000", "10000")
USED = Counts(uncached_input=100, output=35)
PRICE = "$4.50"
BODY = json.dumps({"model": "zebra", "stream": True, "messages": [{"role": "user", "content": "Go on."}]}).encode()


@pytest.fixture(scope="module")
def zebra(shared_desk: Desk) -> None:
    """A model whose every call costs dollars."""
    shared_desk.daemon.control.add_model("zebra", "open", "zebra", rates=DEAR)


@pytest.fixture(params=[(80, 24), (120, 40)], ids=["80x24", "120x40"])
def screen(desk: Desk, zebra: None, request: pytest.FixtureRequest) -> Iterator[Screen]:
    assert zebra is None
    home = str(desk.daemon.home)
    env = {"CODEVECTOR_HOME": home, "HOME": home, "PATH": os.environ["PATH"]}
    columns, rows = request.param
    with Screen([str(PROGRAMS / "codevector-tui")], columns, rows, env) as screen:
        screen.wait_for("live", "Now", "[", limit_s=PATIENCE_S)
        yield screen


def row_of(screen: Screen, project: str) -> str | None:
    """Return the line of the feed that shows a project's call."""
    return next((line for line in screen.text().splitlines() if f" {project} " in line), None)


def tokens_in(row: str) -> int:
    """Return the token count that an open call's line shows."""
    found = re.search(r"([\d,]+) ⇢", row)
    assert found, row
    return int(found[1].replace(",", ""))


def grown(screen: Screen, project: str, beyond: int) -> str | None:
    row = row_of(screen, project)
    return row if row is not None and "⇢" in row and tokens_in(row) > beyond else None


def settled(screen: Screen, project: str) -> str | None:
    row = row_of(screen, project)
    return row if row is not None and PRICE in row else None


def watch(desk: Desk, screen: Screen, run: int) -> tuple[float, float]:
    """Let one call happen and return how long its line took to appear and to settle."""
    project = f"{screen.size()[0]}-{run}"
    few, many = f"{project} has begun", f"{project} may end"
    answer = chat.streamed(["many words that were generated "] * 80, USED)
    desk.provider.then(answer.paced(0.01).gated_after(4, few).gated_after(70, many))
    with raw.RawCall(desk.daemon.port, desk.request(CHAT_PATH, BODY, project=project)) as call:
        call.head()
        began = time.monotonic()
        row = until(lambda: row_of(screen, project), "the call to appear", PATIENCE_S)
        appeared = time.monotonic() - began
        assert "zebra" in row
        until(lambda: grown(screen, project, -1), "the call to be shown as open", PATIENCE_S)
        desk.provider.open(few)
        until(lambda: grown(screen, project, 100), "the call to grow", PATIENCE_S)
        desk.provider.open(many)
        call.piece_with(chat.DONE)
        began = time.monotonic()
        until(lambda: settled(screen, project), "the call to settle", PATIENCE_S)
        return appeared, time.monotonic() - began


def reaction(screen: Screen) -> float:
    """Return how long the monitor takes to answer a key."""
    began = time.monotonic()
    screen.type("?")
    screen.wait_for("Keys here", limit_s=PATIENCE_S)
    taken = time.monotonic() - began
    screen.type("Escape")
    until(lambda: "Keys here" not in screen.text(), "the help to close", PATIENCE_S)
    return taken


def test_a_request_appears_grows_and_settles_at_once(desk: Desk, screen: Screen) -> None:
    times, before = [], reaction(screen)
    for run in range(RUNS):
        shown = watch(desk, screen, run)
        after = reaction(screen)
        if max(before, after) < QUIET_S:
            times.append(shown)
        before = after
    if len(times) >= ENOUGH_RUNS:
        assert min(appeared for appeared, _ in times) < PROMPT_S, times
        assert min(done for _, done in times) < PROMPT_S, times


def test_nothing_is_cut_and_the_spend_is_shown(desk: Desk, screen: Screen) -> None:
    watch(desk, screen, 9)
    text = screen.wait_for("Spend", "Requests", "Input tokens", "Output tokens", "Now", "? Help", limit_s=PATIENCE_S)
    columns, rows = screen.size()
    assert len(text.rstrip("\n").splitlines()) <= rows
    assert all(len(line) <= columns for line in text.splitlines())
    assert "Traceback" not in text


def test_the_monitor_comes_back_when_the_daemon_does(own_desk: Desk) -> None:
    home = str(own_desk.daemon.home)
    env = {"CODEVECTOR_HOME": home, "HOME": home, "PATH": os.environ["PATH"]}
    with Screen([str(PROGRAMS / "codevector-tui")], 80, 24, env) as screen:
        screen.wait_for("● live", limit_s=PATIENCE_S)
        own_desk.daemon.kill()
        until(lambda: "● live" not in screen.text(), "the monitor to notice", PATIENCE_S)
        assert not screen.ended()
        own_desk.daemon.start()
        screen.wait_for("● live", limit_s=PATIENCE_S)
        screen.type("q")
        until(screen.ended, "the monitor to close", PATIENCE_S)
        assert own_desk.daemon.control.status()["pid"] == own_desk.daemon.pid
