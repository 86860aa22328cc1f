"""The made-up team of the demo: its models, its keys, and how each key is used."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.prices import RateOverride
from codevector_shared.money import NANOS_PER_USD

PER_MILLION = 1_000_000


class DemoModel(Struct, frozen=True):
    """A model of the demo: a facade of this name, a backend ``provider/name``, and its list price."""

    name: str
    provider: str
    rates: RateOverride
    output_tokens_per_s: int

    @property
    def writes_cache(self) -> bool:
        """Whether the vendor charges for writing to its cache."""
        return self.provider == "anthropic"

    def spend_nano(self, counts: TokenCounts) -> int:
        """Return what counts cost; exact, for these rates are whole nano-dollars per token."""
        rates = self.rates
        return (
            counts.uncached_input * _nano_per_token(rates.input)
            + counts.cache_read * _nano_per_token(rates.cached)
            + counts.cache_write_5m * _nano_per_token(rates.cache_write)
            + counts.cache_write_1h * _nano_per_token(rates.cache_write_1h)
            + counts.output * _nano_per_token(rates.output)
        )


def _nano_per_token(rate: str) -> int:
    return int(Decimal(rate) * NANOS_PER_USD / PER_MILLION)


def _model(name: str, provider: str, speed: int, *rates: str) -> DemoModel:
    return DemoModel(name, provider, RateOverride(*rates), speed)


OPUS = _model("claude-opus-4-8", "anthropic", 48, "5", "25", "0.5", "6.25", "10")
SONNET = _model("claude-sonnet-5", "anthropic", 72, "2", "10", "0.2", "2.5", "4")
HAIKU = _model("claude-haiku-4-5", "anthropic", 140, "1", "5", "0.1", "1.25", "2")
GPT = _model("gpt-5.2", "openai", 64, "1.75", "14", "0.175", "1.75", "1.75")
GPT_MINI = _model("gpt-5-mini", "openai", 120, "0.25", "2", "0.025", "0.25", "0.25")
DEMO_MODELS = (OPUS, SONNET, HAIKU, GPT, GPT_MINI)


class DemoKey(Struct, frozen=True):
    """A key of the demo and the habits of whoever holds it. ``user`` is None for the owner."""

    name: str
    user: str | None
    client_app: str
    project: str
    dialect: Literal["chat", "messages"]
    user_agent: str
    models: tuple[tuple[DemoModel, int], ...]
    """The models it calls, with their weights."""
    sessions: float
    """Sessions on an ordinary working day."""
    calls: int
    """Calls of a typical session."""
    context: int
    """Tokens that a session begins with."""
    round_the_clock: bool = False
    away: range = range(0)
    """Days ago on which nobody used it: a holiday."""


_CLAUDE = "claude-cli/2.1.4 (external, cli)"
_CODEX = "codex_cli_rs/0.63.0 (Linux 6.8; x86_64)"

LAPTOP = DemoKey(
    "laptop", None, "claude-code", "gateway", "messages", _CLAUDE, ((OPUS, 2), (SONNET, 6), (HAIKU, 2)), 4, 16, 34_000
)
EDITOR = DemoKey("editor", None, "zed", "website", "chat", "Zed/0.212.3", ((GPT, 2), (GPT_MINI, 5)), 2.5, 5, 6_000)
MIRA = DemoKey(
    "mira-mac",
    "mira",
    "claude-code",
    "billing-api",
    "messages",
    _CLAUDE,
    ((OPUS, 4), (SONNET, 4), (HAIKU, 1)),
    5,
    18,
    42_000,
)
JONAS = DemoKey(
    "jonas-desk",
    "jonas",
    "codex",
    "mobile-app",
    "chat",
    _CODEX,
    ((GPT, 7), (GPT_MINI, 2)),
    4,
    13,
    26_000,
    away=range(31, 45),
)
AIKO = DemoKey(
    "aiko", "aiko", "opencode", "data-pipeline", "messages", "opencode/1.2.0", ((SONNET, 5), (HAIKU, 3)), 3, 12, 24_000
)
SAM = DemoKey(
    "sam-notebook",
    "sam",
    "aider",
    "website",
    "chat",
    "aider/0.88.1",
    ((GPT_MINI, 4), (GPT, 1)),
    2,
    7,
    12_000,
    away=range(66, 71),
)
REVIEWS = DemoKey(
    "review-bot",
    "ci",
    "review-bot",
    "gateway",
    "messages",
    "review-bot/3",
    ((HAIKU, 5), (SONNET, 1)),
    6,
    4,
    16_000,
    round_the_clock=True,
)
NIGHTLY = DemoKey(
    "eval-nightly",
    "ci",
    "openai-python",
    "data-pipeline",
    "chat",
    "OpenAI/Python 2.8.0",
    ((GPT_MINI, 1),),
    3,
    8,
    2_000,
    round_the_clock=True,
)

DEMO_KEYS = (LAPTOP, EDITOR, MIRA, JONAS, AIKO, SAM, REVIEWS, NIGHTLY)
DEMO_USERS = tuple(dict.fromkeys(key.user for key in DEMO_KEYS if key.user is not None))
