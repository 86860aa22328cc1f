"""Starts work beside the screen: Textual owns it, cancels it with its screen, and one kind of it runs at a time."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode


def start(owner: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run work of a group in place of older work; a function, so that work that never starts leaves nothing."""
    owner.run_worker(work, group=group, exclusive=True)  # type: ignore[arg-type]  # mypy reads a result of None as Never
