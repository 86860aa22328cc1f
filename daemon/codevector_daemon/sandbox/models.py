"""The sandbox's three models, of different speed and price."""

from msgspec import Struct

from codevector_daemon.metering.prices import RateOverride


class SandboxModel(Struct, frozen=True):
    """One model of the sandbox: ``sandbox/quick`` is the facade of its ``quick``, with rates in USD per million."""

    name: str
    display_name: str
    rates: RateOverride
    first_token_s: float
    per_token_s: float
    fewest_tokens: int
    most_tokens: int
    most_thinking: int = 0
    context_window: int = 200_000
    max_output: int = 32_000

    @property
    def slug(self) -> str:
        """The facade's name, which is also how ``--backend`` names this model."""
        return f"sandbox/{self.name}"


def _rates(each_input: str, output: str, cached: str, write: str, write_1h: str) -> RateOverride:
    return RateOverride(input=each_input, output=output, cached=cached, cache_write=write, cache_write_1h=write_1h)


QUICK = SandboxModel(
    name="quick",
    display_name="Sandbox Quick",
    rates=_rates("0.25", "1.25", "0.025", "0.3125", "0.5"),
    first_token_s=0.25,
    per_token_s=0.008,
    fewest_tokens=24,
    most_tokens=120,
)
BALANCED = SandboxModel(
    name="balanced",
    display_name="Sandbox Balanced",
    rates=_rates("3", "15", "0.3", "3.75", "6"),
    first_token_s=0.5,
    per_token_s=0.015,
    fewest_tokens=60,
    most_tokens=260,
)
DEEP = SandboxModel(
    name="deep",
    display_name="Sandbox Deep",
    rates=_rates("15", "75", "1.5", "18.75", "30"),
    first_token_s=0.9,
    per_token_s=0.025,
    fewest_tokens=120,
    most_tokens=420,
    most_thinking=160,
)
SANDBOX_MODELS = (QUICK, BALANCED, DEEP)

_BY_NAME = {name: model for model in SANDBOX_MODELS for name in (model.name, model.slug)}
_SMALL = ("haiku", "mini", "nano", "flash", "lite")
_LARGE = ("opus", "pro", "max")


def model_named(name: str) -> SandboxModel:
    """Return the model that answers to a name; a foreign name is served at the pace that it suggests."""
    if any(word in name for word in _SMALL):
        return QUICK
    return _BY_NAME.get(name, DEEP if any(word in name for word in _LARGE) else BALANCED)
