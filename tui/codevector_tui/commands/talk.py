"""Talking to the daemon: over its socket, or to the gateway that CODEVECTOR_URL names with the rights of a key."""

import os
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from codevector_shared import client
from codevector_shared.client import ControlClient, ControlError, NotRunning
from codevector_shared.protocol import Model, Status
from codevector_tui.commands.frame import Fault

T = TypeVar("T")
_FIELD = re.compile(r"^([a-z_]+): ")
_ASSIGNMENT = re.compile(r"\b([a-z_]+)=(\S)")
Question = Callable[[ControlClient], Awaitable[T]]


def ask(question: Question[T]) -> T:
    """Ask the daemon; Fault with what to do where none runs or it refuses."""
    try:
        return client.ask(os.environ, question)
    except ControlError as error:
        raise refused(error) from error


def refused(error: ControlError) -> Fault:
    """Say what the daemon refused; what it says of a query's fields is said of this command's options."""
    if error.code != "invalid_query":
        return Fault(error.message, error.hint)
    said = _FIELD.sub(lambda found: f"{_flag(found[1])}: ", error.message.removeprefix("query: "))
    return Fault(_in_flags(said), error.hint and _in_flags(error.hint))


def _in_flags(text: str) -> str:
    return _ASSIGNMENT.sub(lambda found: f"{_flag(found[1])} {found[2]}", text)


def _flag(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def administer(question: Question[T]) -> T:
    """Ask for what only the daemon's own socket allows."""
    refuse_remote()
    return ask(question)


def refuse_remote() -> None:
    """Refuse administration where CODEVECTOR_URL names a gateway to talk to with a key."""
    gateway = remote()
    if gateway is not None:
        raise Fault(
            f"CODEVECTOR_URL names {gateway}, where a key sees its own usage only",
            "administration is on the daemon's own socket: unset CODEVECTOR_URL on its machine",
        )


def remote() -> str | None:
    """Return the gateway that CODEVECTOR_URL names, if it is set."""
    return os.environ.get("CODEVECTOR_URL") or None


def status_or_none() -> Status | None:
    """Return the local daemon's status, or nothing where none runs."""
    try:
        return client.ask(os.environ, lambda control: control.status())
    except NotRunning:
        return None
    except ControlError as error:
        raise refused(error) from error


def models_or_none() -> list[Model]:
    """Return the model facades, and none where nothing answers: examples do without."""
    try:
        return client.ask(os.environ, lambda control: control.models()).models
    except ControlError:
        return []
