"""What a set-up is made of, and how its values are written down."""

import json
import shlex
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from codevector_tui.commands.attribution import HEADER

KEY_PLACEHOLDER = "cv_YOUR_KEY"
MODEL_PLACEHOLDER = "YOUR_MODEL"
APP_HEADER: Final = "x-client-app"
START: Final = "Then start it"
"""The title of the step that is the tool's own command, where it has to be told of the model."""


class Step(Struct, frozen=True):
    """One thing to do: paste ``text`` into a shell, or into the file ``where``."""

    title: str
    where: str | None
    language: str
    text: str


class Setup(Struct, frozen=True):
    """How one client is pointed at the gateway."""

    client: str
    title: str
    gateway_url: str
    base_url: str
    model: str
    steps: list[Step]
    notes: list[str]


class Target(Struct, frozen=True):
    """What a set-up is written for; ``gateway_url`` is the root, without a path and without a slash at its end."""

    gateway_url: str
    key: str = KEY_PLACEHOLDER
    model: str = MODEL_PLACEHOLDER

    @property
    def openai(self) -> str:
        """The base URL of OpenAI clients."""
        return f"{self.gateway_url}/v1"


def shell(variables: Mapping[str, str]) -> Step:
    """Return the step that sets variables."""
    return Step("In the shell that starts it", None, "sh", exports(variables))


def start(*words: str) -> Step:
    """Return the step that starts the tool."""
    return Step(START, None, "sh", shlex.join(words))


def file(where: str, content: object) -> Step:
    """Return the step that writes a JSON file of the tool's."""
    return Step("In its configuration", where, "json", json.dumps(content, indent=2))


def exports(variables: Mapping[str, str]) -> str:
    """Return lines for a shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def string(text: str) -> str:
    """Return a string literal that Python, JavaScript, TOML, YAML and JSON all read the same."""
    return json.dumps(text, ensure_ascii=False)


def headers_note() -> str:
    """Return the remark on what a program of one's own can say of its calls."""
    return f"The headers {HEADER} and {APP_HEADER} say what a call is counted under; they are not sent on."


def own_key_note(client: str) -> str:
    """Return the remark on a tool whose calls do not name it."""
    return f"It does not name itself: codevector keys create {client} --client-app {client} makes a key that does."
