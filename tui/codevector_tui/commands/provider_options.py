"""The options that describe an upstream service, for adding one and for changing it."""

from collections.abc import Sequence
from typing import Any, Final

import click
from msgspec import Struct

from codevector_tui.commands import secret_input

KINDS: Final = (
    "openai",
    "anthropic",
    "google",
    "openrouter",
    "deepseek",
    "moonshot",
    "xai",
    "mistral",
    "groq",
    "ollama",
    "lmstudio",
    "vllm",
    "azure",
    "bedrock",
    "vertex",
    "custom",
    "sandbox",
)
DIALECTS: Final = ("chat", "responses", "messages", "gemini", "embeddings", "completions")

_OPTIONS: Final = (
    click.option(
        "--base-url", metavar="URL", help="As the vendor's SDK has it, with the version path where it has one."
    ),
    click.option(
        "--dialect",
        "dialects",
        multiple=True,
        metavar="DIALECT",
        help=f"What it speaks: {', '.join(DIALECTS)}; repeatable.",
    ),
    click.option("--credential-env", metavar="VAR", help="Read its credential from this environment variable."),
    click.option("--credential-file", metavar="FILE", help="Read its credential from this file."),
    click.option("--credential-stdin", is_flag=True, help="Read its credential from standard input."),
    click.option("--organisation", metavar="ID", help="The organisation that calls are charged to (openai)."),
    click.option("--project", metavar="ID", help="The project that calls belong to (openai, vertex)."),
    click.option("--region", metavar="REGION", help="Where it runs, such as us-east-1 (bedrock, vertex)."),
    click.option("--api-version", metavar="VERSION", help="The dated version of older resources (azure)."),
    click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Send this header with every call."),
    click.option(
        "--header-env", "secret_headers", multiple=True, metavar="NAME=VAR", help="The same, its value read from VAR."
    ),
    click.option("--proxy", metavar="URL", help="Call it through this proxy, whatever the environment says."),
    click.option("--proxy-env", metavar="VAR", help="The same, the address with its login read from VAR."),
    click.option("--ca-file", metavar="FILE", help="Trust the certificates in this file too; the daemon reads it."),
    click.option(
        "--own-login/--no-own-login",
        default=None,
        help="Let a client's own login go to it; only where you trust it with that (custom).",
    ),
)


class Described(Struct, frozen=True):
    """What the options said; ``None`` where they said nothing."""

    base_url: str | None
    dialects: list[str] | None
    credential: str | None
    organisation: str | None
    project: str | None
    region: str | None
    api_version: str | None
    headers: dict[str, str] | None
    proxy: str | None
    ca_file: str | None
    own_login: bool | None


def provider_options(command: Any) -> Any:  # noqa: ANN401 — a decorator of whatever click hands on
    """Give a command the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def described(given: dict[str, Any]) -> Described:
    """Read the options' values, and the secrets from where they are."""
    if given["proxy"] is not None and given["proxy_env"] is not None:
        raise click.UsageError("give one of --proxy and --proxy-env")
    plain = _pairs("--header", given["headers"])
    hidden = {
        name: secret_input.from_environment(variable)
        for name, variable in _pairs("--header-env", given["secret_headers"]).items()
    }
    return Described(
        base_url=given["base_url"],
        dialects=list(given["dialects"]) or None,
        credential=secret_input.credential(
            given["credential_env"], given["credential_file"], stdin=given["credential_stdin"]
        ),
        organisation=given["organisation"],
        project=given["project"],
        region=given["region"],
        api_version=given["api_version"],
        headers=plain | hidden or None,
        proxy=given["proxy"] if given["proxy_env"] is None else secret_input.from_environment(given["proxy_env"]),
        ca_file=given["ca_file"],
        own_login=given["own_login"],
    )


def _pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"{flag} {name or pair!r} is not NAME=…, such as x-team=search")
        found[name] = value
    return found
