"""Tools that take free text, shown to other models as functions with one argument."""

from codevector_daemon.dialects.translation import wire


def input_in(arguments: str) -> str:
    """Return the free text in a function's arguments; all of them where the model did not follow the schema."""
    value = wire.json_object(arguments).get("input")
    return value if isinstance(value, str) else arguments


def as_arguments(text: str) -> str:
    """Return free text as a function's arguments."""
    return wire.json_text({"input": text})
