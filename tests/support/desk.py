"""A daemon set up for work: the scripted provider behind it, models with known prices, and a key."""

from dataclasses import dataclass
from typing import Any

import anthropic
import openai

from support import raw, sdk
from support.books import Books, Row, counts_of
from support.control import MadeKey
from support.counts import Counts, Rates
from support.daemon import Daemon
from support.provider import ScriptedProvider
from support.script import Headers

RATES = Rates("1.37", "10.01", "0.0375", "2.5005", "4.0005")
OPENAI_SECRET = "sk-scripted-openai-credential-4711"
ANTHROPIC_SECRET = "sk-ant-scripted-credential-0815"
CUSTOM_SECRET = "custom-scripted-credential-1234"
REQUEST_ID = "x-codevector-request-id"
CHAT_PATH = "/gateway/openai/v1/chat/completions"
MESSAGES_PATH = "/gateway/anthropic/v1/messages"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a test needs to call the gateway and to check the books."""

    daemon: Daemon
    provider: ScriptedProvider
    key: MadeKey

    @property
    def books(self) -> Books:
        """The ledger's figures."""
        return self.daemon.books

    def gpt(self, project: str, **options: Any) -> openai.OpenAI:
        """Return an OpenAI client of the gateway whose calls count for a project."""
        client = sdk.gpt(f"{self.daemon.url}/gateway/openai/v1", self.key.secret)
        return client.with_options(default_headers={"x-project": project, "x-client-app": "proof"}, **options)

    def claude(self, project: str, **options: Any) -> anthropic.Anthropic:
        """Return an Anthropic client of the gateway whose calls count for a project."""
        client = sdk.claude(f"{self.daemon.url}/gateway/anthropic", self.key.secret)
        return client.with_options(default_headers={"x-project": project, "x-client-app": "proof"}, **options)

    def request(self, target: str, body: bytes, headers: Headers = (), *, project: str = "raw") -> bytes:
        """Return a POST with this desk's key as bytes."""
        ours = (self.key.bearer, ("x-project", project), ("content-type", "application/json"))
        return raw.request("POST", target, (*ours, *headers), body)

    def post(self, target: str, body: bytes, headers: Headers = (), *, project: str = "raw") -> raw.Reply:
        """Send a POST with this desk's key and return the answer as it arrived."""
        return raw.exchange(self.daemon.port, self.request(target, body, headers, project=project))

    def assert_billed(self, request_id: str, project: str, counts: Counts, rates: Rates = RATES) -> Row:
        """Assert that row and buckets hold exactly these counts and their price, right now; return the row."""
        row = self.books.find(request_id)
        assert row is not None, f"no row of {request_id}"
        assert counts_of(row) == counts
        assert row["spend_nano"] == rates.nano(counts)
        assert self.books.spent(project=project) == (counts, rates.nano(counts))
        assert (row["state"], row["status"], row["usage_source"]) == ("complete", 200, "reported")
        assert (row["price_basis"], row["project"]) == ("override", project)
        return row


def furnish(daemon: Daemon, provider: ScriptedProvider) -> Desk:
    """Add providers, models and a key to a running daemon."""
    control = daemon.control
    control.add_provider("open", "openai", f"{provider.url}/v1", credential=OPENAI_SECRET)
    control.add_provider("anth", "anthropic", provider.url, credential=ANTHROPIC_SECRET)
    control.add_provider("own", "custom", f"{provider.url}/base/v1", dialects=["chat"], credential=CUSTOM_SECRET)
    control.add_model("gpt", "open", "upstream-gpt", rates=RATES)
    control.add_model("sonnet", "anth", "claude-upstream", rates=RATES)
    control.add_model("house", "own", "house/large", rates=RATES)
    control.add_model("listed-gpt", "open", "gpt-4o")
    control.add_model("listed-claude", "anth", "claude-haiku-4-5")
    return Desk(daemon, provider, control.create_key("proof"))
