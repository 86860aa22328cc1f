"""The first run: providers from the keys in the environment, their models, and a first gateway key."""

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from codevector_shared.client import ControlClient, ControlError
from codevector_shared.formats import clean
from codevector_shared.protocol import KeyCreate, KeyCreated, ProviderCreate
from codevector_tui.commands import snippets
from codevector_tui.commands.suited import suited

SANDBOX: Final = "sandbox"


class Source(Struct, frozen=True):
    """Where a vendor's own tools look for its key, and for another address than its own."""

    kind: str
    variable: str
    elsewhere: str


SOURCES: Final = (
    Source("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    Source("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    Source("openrouter", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"),
    Source("google", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
    Source("deepseek", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL"),
)


class Added(Struct, frozen=True):
    """A provider that the first run added; ``variable`` is null for the sandbox."""

    name: str
    kind: str
    variable: str | None
    models: int


class FirstRun(Struct, frozen=True):
    """What a first run did; all empty and null when everything was there already."""

    providers: list[Added]
    warnings: list[str]
    key: KeyCreated | None
    model: str | None


async def set_up(control: ControlClient, environ: Mapping[str, str]) -> FirstRun:
    """Add what is missing: providers where there is none, a key where there is none."""
    warnings: list[str] = []
    added: list[Added] = []
    if not (await control.providers()).providers:
        sources = _sources(environ, warnings)
        adding = (_add(control, one.kind, environ[one.variable], one.variable, warnings) for one in sources)
        for found in await asyncio.gather(*adding):  # together: each vendor may take its time to list its models
            added += found
        if not added:
            added += await _add(control, SANDBOX, None, None, warnings)
    if (await control.keys()).keys:
        return FirstRun(added, warnings, None, None)
    key = await control.create_key(KeyCreate(name="first"))
    return FirstRun(added, warnings, key, suited("claude-code", (await control.models()).models))


def _sources(environ: Mapping[str, str], warnings: list[str]) -> list[Source]:
    """Return the vendors whose key can be taken: a key that goes with another address is not sent to the vendor."""
    found = []
    for source in SOURCES:
        if not environ.get(source.variable) or environ[source.variable].startswith("cv_"):
            continue
        if environ.get(source.elsewhere):
            warnings.append(
                f"{source.variable} was left alone, since {source.elsewhere} says it belongs to another address; "
                f"codevector providers add --kind custom --base-url … --credential-env {source.variable} adds it"
            )
            continue
        found.append(source)
    return found


async def _add(
    control: ControlClient, kind: str, credential: str | None, variable: str | None, warnings: list[str]
) -> list[Added]:
    try:
        await control.create_provider(ProviderCreate(name=kind, kind=kind, credential=credential))
    except ControlError as error:
        warnings.append(f"provider {kind} was not added: {error.message}")
        return []
    try:
        imported = await control.import_models(kind)
    except ControlError as error:
        warnings.append(f"the models of {kind} were not added: {error.message}")
        return [Added(kind, kind, variable, 0)]
    return [Added(kind, kind, variable, len(imported.added))]


def told(done: FirstRun, gateway_url: str) -> list[str]:
    """Return what a first run did as lines for people; the key is in them, this once."""
    lines = [line for provider in done.providers for line in _provider_lines(provider)]
    lines += [clean(text, 400) for text in done.warnings]
    if done.key is None:
        return lines
    target = snippets.Target(gateway_url, done.key.key, done.model or snippets.MODEL_PLACEHOLDER)
    lines += ["", "Your key, shown this once:", "", f"  {done.key.key}", ""]
    for name, text in snippets.one_liners(target):
        lines += [f"{name}:", f"  {text}"]
    return lines


def _provider_lines(provider: Added) -> list[str]:
    if provider.variable is None:
        return [
            f"No provider key is in the environment: added the built-in sandbox with {provider.models} models.",
            "It works offline, at made-up prices; codevector providers add adds a real provider.",
        ]
    return [f"Found {provider.variable}: added {provider.name} with {provider.models} models of the catalogue."]
