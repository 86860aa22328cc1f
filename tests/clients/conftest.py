from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("clients.running", "clients.workbench")

from clients.packages import PACKAGES  # noqa: E402 -- so that the helpers' assertions say what they saw
from clients.workbench import MakeWorkbench, Workbench  # noqa: E402
from support.daemon import Daemon, temporary_home  # noqa: E402
from support.desk import RATES, Desk, furnish  # noqa: E402
from support.provider import ScriptedProvider  # noqa: E402

GOOGLE_SECRET = "scripted-google-credential-2358"


@pytest.fixture(scope="session")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def desk(provider: ScriptedProvider) -> Iterator[Desk]:
    """A daemon with a provider for each dialect, shared by all tools."""
    with temporary_home() as home, Daemon(home) as daemon:
        furnished = furnish(daemon, provider)
        control = daemon.control
        control.add_provider("goog", "google", provider.url, credential=GOOGLE_SECRET)
        control.add_provider("gem", "custom", provider.url, dialects=["gemini"], credential=GOOGLE_SECRET)
        control.add_model("gemini-only", "gem", "upstream-gemini", rates=RATES)
        control.add_model("gemini-2.5-pro", "goog", "upstream-gemini", rates=RATES)
        for claude in ("claude-sonnet-4-5", "claude-haiku-4-5"):
            control.add_model(claude, "anth", "claude-upstream", rates=RATES)
        yield furnished
        assert daemon.stop() == 0, daemon.output
        assert "Traceback" not in daemon.output


@pytest.fixture
def workbench_for(desk: Desk, tmp_path: Path) -> MakeWorkbench:
    """Make the workbench of a tool, or skip where that tool is not installed."""

    def make(client: str, **of_key: str) -> Workbench:
        if not PACKAGES[client].is_installed:
            pytest.skip(f"{client} is not installed")
        desk.provider.reset()
        key = desk.daemon.control.create_key(tmp_path.name, project=client, **of_key)
        bench = Workbench(client, desk, key, tmp_path)
        bench.prepare()
        return bench

    return make
