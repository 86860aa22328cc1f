import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from support import catalogue
from support.certificates import make_certificate
from support.command import CommandLine


@pytest.fixture
def called(running: CommandLine) -> CommandLine:
    assert running.call_gateway(running.document("models", "list", "--json")["models"][0]["slug"]).status_code == 200
    return running


def a_slug(command: CommandLine) -> str:
    slug: str = command.document("models", "list", "--json")["models"][0]["slug"]
    return slug


def test_a_models_price_card_shows_rates_source_and_an_example(running: CommandLine) -> None:
    slug = a_slug(running)
    running("models", "set", slug, "--not-free", "--input-price", "3", "--output-price", "15", "--cached-price", "0.3")
    shown = running("models", "show", slug)
    assert shown.returncode == 0, shown.stderr
    for said in ("Prices from your override", "cached input", "$0.30 per million tokens", "Example call", "$0.006"):
        assert said in shown.stdout
    card = running.document("models", "show", slug, "--json")["price_card"]
    assert (card["price_basis"], card["example_usd"]) == ("override", "0.015900000")


def test_a_free_models_card_says_so_instead_of_a_bill_of_zeros(running: CommandLine) -> None:
    running("models", "add", "local/q", "--backend", "sandbox/balanced", "--free")
    shown = running("models", "show", "local/q").stdout
    assert "This model is free: calls cost nothing." in shown
    assert "Input               free\n" in shown
    assert "$0" not in shown
    assert "Status              active\n" in shown


def test_usage_is_priced_again(called: CommandLine) -> None:
    slug, today = a_slug(called), date.today().isoformat()  # noqa: DTZ011 - the command line's own day
    called("models", "set", slug, "--not-free", "--input-price", "7", "--output-price", "9")
    tried = called.document("usage", "reprice", "--from", "2020-01-01", "--dry-run", "--json")
    assert (tried["dry_run"], tried["changed"]) == (True, 1)
    before = called.document("usage", "--period", "all", "--json")["totals"]["spend_usd"]
    assert before == tried["before_usd"]
    said = called("usage", "reprice", "--from", "2020-01-01", "--model", slug)
    assert "1 of 1 requests" in said.stdout, said.stderr
    assert called.document("usage", "--period", "all", "--json")["totals"]["spend_usd"] == tried["after_usd"]
    unknown = called("usage", "reprice", "--from", "2020-01-01", "--model", "TYPO")
    assert (unknown.returncode, unknown.stdout, len(unknown.stderr.splitlines())) == (1, "", 1)
    assert "no model 'TYPO' is set up" in unknown.stderr
    wrong = called("usage", "reprice", "--from", today, "--to", "2020-01-01")
    assert wrong.returncode == 2


def test_the_doctor_looks_at_prices(called: CommandLine) -> None:
    shown = called("doctor", "--prices")
    assert "Estimated: " in shown.stdout, shown.stderr
    assert called.document("doctor", "--prices", "--json")["requests"] == 1


def test_the_catalogue_is_shown_compared_and_replaced(running: CommandLine, tmp_path: Path) -> None:
    assert "bundled with CodeVector" in running("settings", "catalogue").stdout
    vendors = json.loads(catalogue.published())
    (openai,) = (vendor for vendor in vendors if vendor["id"] == "openai")
    (mini,) = (model for model in openai["models"] if model["id"] == "gpt-4o-mini")
    mini["prices"]["input_mtok"] = 0.2
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(vendors))
    preview = running("settings", "catalogue", "sync", "--from", str(file), "--preview")
    assert "openai/gpt-4o-mini  0.15/0.6 → 0.2/0.6" in preview.stdout, preview.stderr
    assert running.document("settings", "catalogue", "--json")["synced"] is False
    assert "is in use now" in running("settings", "catalogue", "sync", "--from", str(file), "--apply").stdout
    assert running.document("settings", "catalogue", "--json")["source"] == str(file)
    file.write_text("[]")
    refused = running("settings", "catalogue", "sync", "--from", str(file), "--apply")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert running("settings", "catalogue", "sync", "--from", str(file)).returncode == 2
    assert running("settings", "catalogue", "sync", "--from", "/no/such", "--preview").returncode == 1


class Served(BaseHTTPRequestHandler):
    """Answers with a file, and elsewhere with a redirection or an error."""

    content = b""

    def do_GET(self) -> None:
        """Answer."""
        status = {"/prices.json": 200, "/moved": 302}.get(self.path, 404)
        self.send_response(status)
        self.send_header("location", "/prices.json")
        self.send_header("content-length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served(folder: Path, content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve a file over https; yields the address, and the environment in which its certificate is trusted."""
    certificate = make_certificate(folder)
    handler = type("WithContent", (Served,), {"content": content})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = certificate.server().wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}", {"SSL_CERT_FILE": str(certificate.file)}
        finally:
            server.shutdown()
            thread.join()


def test_a_catalogue_is_fetched_from_an_address_only_when_it_is_named_and_trusted(
    running: CommandLine, tmp_path: Path
) -> None:
    vendors = json.loads(catalogue.published())
    (openai,) = (vendor for vendor in vendors if vendor["id"] == "openai")
    (mini,) = (model for model in openai["models"] if model["id"] == "gpt-4o-mini")
    mini["prices"]["input_mtok"] = 0.2
    with served(tmp_path, json.dumps(vendors).encode()) as (address, trusted):
        sync = ("settings", "catalogue", "sync", "--from")
        for source, env, said in (
            (f"{address}/prices.json", {}, "certificate verify failed"),
            (f"{address}/gone", trusted, "answered 404"),
            (f"{address}/moved", trusted, "answered 302"),
        ):
            refused = running(*sync, source, "--apply", env=env)
            assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
            assert said in refused.stderr
        plain = running(*sync, address.replace("https", "http") + "/prices.json", "--apply", env=trusted)
        assert (plain.returncode, "https://" in plain.stderr) == (1, True)
        preview = running(*sync, f"{address}/prices.json", "--preview", env=trusted)
        assert "openai/gpt-4o-mini  0.15/0.6 → 0.2/0.6" in preview.stdout, preview.stderr
        assert running.document("settings", "catalogue", "--json")["synced"] is False
        assert running(*sync, f"{address}/prices.json", "--apply", env=trusted).returncode == 0
        assert running.document("settings", "catalogue", "--json")["source"] == f"{address}/prices.json"


def test_a_providers_export_is_held_against_the_ledger(called: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text("date,model,output_tokens\n2026-03-01,gpt-x,5\n")
    shown = called("reconcile", str(file))
    assert "gpt-x" in shown.stdout, shown.stderr
    assert called.document("reconcile", str(file), "--json")["differences"][0]["theirs"] == "counted"
    assert called("reconcile", str(file), "--column", "colour=blue").returncode == 2
    unknown = called("reconcile", str(file), "--provider", "TYPO")
    assert (unknown.returncode, unknown.stdout, len(unknown.stderr.splitlines())) == (1, "", 1)
    assert "no provider 'TYPO' is set up" in unknown.stderr
    for content in (b"nothing\n", b"", b"\xff\xfa", b"day,model,output\n2026-03-01,m,many"):
        file.write_bytes(content)
        refused = called("reconcile", str(file))
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
