"""The set-ups of the coding tools that work with any vendor's models.

Those that would call like the library they are built on are given the header that names them.
"""

from codevector_tui.commands.snippets.values import (
    APP_HEADER,
    Setup,
    Step,
    Target,
    file,
    own_key_note,
    shell,
    start,
    string,
)


def opencode(target: Target) -> Setup:
    """Return the set-up of opencode."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "CodeVector",
        "options": {"baseURL": target.openai, "apiKey": "{env:CODEVECTOR_KEY}"},
        "models": {target.model: {}},
    }
    config = {"$schema": "https://opencode.ai/config.json", "provider": {"codevector": provider}}
    steps = [
        file("~/.config/opencode/opencode.json", config),
        shell({"CODEVECTOR_KEY": target.key}),
        start("opencode", "--model", f"codevector/{target.model}"),
    ]
    return Setup("opencode", "opencode", target.gateway_url, target.openai, target.model, steps, [])


def pi(target: Target) -> Setup:
    """Return the set-up of pi."""
    provider = {"baseUrl": target.openai, "api": "openai-completions", "apiKey": target.key}
    config = {"providers": {"codevector": {**provider, "models": [{"id": target.model}]}}}
    steps = [
        file("~/.pi/agent/models.json", config),
        start("pi", "--provider", "codevector", "--model", target.model),
    ]
    return Setup("pi", "pi", target.gateway_url, target.openai, target.model, steps, [])


def goose(target: Target) -> Setup:
    """Return the set-up of goose."""
    variables = {
        "GOOSE_PROVIDER": "openai",
        "GOOSE_MODEL": target.model,
        "OPENAI_HOST": target.gateway_url,
        "OPENAI_API_KEY": target.key,
    }
    return Setup("goose", "goose", target.gateway_url, target.openai, target.model, [shell(variables)], [])


def cline(target: Target) -> Setup:
    """Return the set-up of Cline's command; its editor extension asks for the same values."""
    address = ("--baseurl", target.openai, "--apikey", target.key, "--modelid", target.model)
    words = start("cline", "auth", "--provider", "openai", *address).text
    steps = [Step("In a shell, once", None, "sh", words)]
    return Setup("cline", "Cline", target.gateway_url, target.openai, target.model, steps, [own_key_note("cline")])


def continue_(target: Target) -> Setup:
    """Return the set-up of Continue."""
    config = "\n".join(
        [
            "name: CodeVector",
            "version: 1.0.0",
            "schema: v1",
            "models:",
            f"  - name: {string(f'{target.model} (CodeVector)')}",
            "    provider: openai",
            f"    model: {string(target.model)}",
            f"    apiBase: {string(target.openai)}",
            f"    apiKey: {string(target.key)}",
            "    requestOptions:",
            "      headers:",
            f"        {APP_HEADER}: continue",
        ]
    )
    steps = [Step("In its configuration", "~/.continue/config.yaml", "yaml", config)]
    return Setup("continue", "Continue", target.gateway_url, target.openai, target.model, steps, [])


def aider(target: Target) -> Setup:
    """Return the set-up of aider."""
    lines = ["- name: aider/extra_params", "  extra_params:", "    extra_headers:", f"      {APP_HEADER}: aider"]
    steps = [
        shell({"OPENAI_API_BASE": target.openai, "OPENAI_API_KEY": target.key}),
        Step("So that its calls name it", "~/.aider.model.settings.yml", "yaml", "\n".join(lines)),
        start("aider", "--model", f"openai/{target.model}"),
    ]
    return Setup("aider", "aider", target.gateway_url, target.openai, target.model, steps, [])


def llm(target: Target) -> Setup:
    """Return the set-up of the ``llm`` command."""
    config = "\n".join(
        [
            f"- model_id: {string(f'codevector/{target.model}')}",
            f"  model_name: {string(target.model)}",
            f"  api_base: {string(target.openai)}",
            "  api_key_name: codevector",
            "  supports_tools: true",
            f"  headers: {{{APP_HEADER}: llm}}",
        ]
    )
    where = "~/.config/io.datasette.llm/extra-openai-models.yaml"
    set_key = start("llm", "keys", "set", "codevector", "--value", target.key).text
    steps = [
        Step("Among its models", where, "yaml", config),
        Step("In a shell, once", None, "sh", set_key),
        start("llm", "--model", f"codevector/{target.model}", "Hello"),
    ]
    note = "On macOS that folder is ~/Library/Application Support/io.datasette.llm; llm logs path shows it."
    return Setup("llm", "llm", target.gateway_url, target.openai, target.model, steps, [note])


def cursor(target: Target) -> Setup:
    """Return the set-up of Cursor."""
    fields = f"OpenAI API Key            {target.key}\nOverride OpenAI Base URL  {target.openai}"
    steps = [Step("In Cursor Settings, Models, API Keys", None, "text", fields)]
    note = "Many of Cursor's modes call from its own servers: those need a public https address of this gateway."
    return Setup("cursor", "Cursor", target.gateway_url, target.openai, target.model, steps, [note])
