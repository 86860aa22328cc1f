"""Creating and revoking keys by hand."""

from support.monitor_pilot import monitor, shows, text, until
from support.monitor_source import FakeDaemon


async def test_a_new_key_is_shown_once_and_copied() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="keys") as (app, pilot):
        await pilot.press("n")
        await shows(pilot, "New key")
        await pilot.press(*"tablet", "tab", *"website", "enter")
        await shows(pilot, "Key tablet created")
        secret = app.clipboard
        assert secret.startswith("cv_")
        assert secret in text(app)
        await pilot.press("enter")
        await shows(pilot, "website")
        assert secret not in text(app)
        assert daemon.key_list[-1].project == "website"


async def test_connect_fills_in_the_key_just_made() -> None:
    async with monitor(first="keys") as (app, pilot):
        await pilot.press("n")
        await shows(pilot, "New key")
        await pilot.press("enter")
        await shows(pilot, "created")
        await pilot.press("enter")
        await pilot.press("7")
        await shows(pilot, f"ANTHROPIC_AUTH_TOKEN={app.clipboard}")


async def test_revoking_asks_first_and_enter_keeps_the_key() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="keys") as (_, pilot):
        await pilot.press("x")
        await shows(pilot, "Revoke the key ci?")
        await pilot.press("enter")
        await shows(pilot, "3 active of 4")
        assert [key.status for key in daemon.key_list].count("active") == 3


async def test_a_confirmed_revocation_closes_the_key() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="keys") as (_, pilot):
        await pilot.press("x")
        await shows(pilot, "Revoke the key ci?")
        await pilot.press("tab", "enter")
        await shows(pilot, "2 active of 4")
        assert next(key for key in daemon.key_list if key.name == "ci").status == "revoked"


async def test_escape_leaves_a_dialog_without_doing_anything() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="keys") as (_, pilot):
        await pilot.press("n")
        await shows(pilot, "New key")
        await pilot.press("escape")
        await shows(pilot, "3 active of 4")


async def test_a_refusal_is_shown_and_the_screen_stays() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="keys") as (app, pilot):
        daemon.refusal = "There is no user zoe."
        await pilot.press("n")
        await shows(pilot, "New key")
        await pilot.press("enter")
        await shows(pilot, "There is no user zoe.")
        await until(pilot, lambda: "3 active of 4" in text(app))
