"""What to paste where, so that a tool uses this gateway: the same texts as ``codevector connect``."""

from collections.abc import Sequence

from codevector_shared.formats import clean
from codevector_shared.protocol import Model, Request
from codevector_tui.commands import snippets
from codevector_tui.commands.suited import suited
from codevector_tui.viewmodel.spans import BLANK, Row, Span, cut


def titles() -> tuple[tuple[str, str], ...]:
    """Return the clients there is a set-up for."""
    target = snippets.Target("")
    return tuple((client, snippets.setup(client, target).title) for client in snippets.CLIENTS)


def setup(client: str, gateway_url: str, found: Sequence[Model], key: str | None) -> snippets.Setup:
    """Return the set-up of a client, with a model that suits it and the key made here, if there is one."""
    slug = suited(client, found) or snippets.MODEL_PLACEHOLDER
    return snippets.setup(
        client,
        snippets.Target(clean(gateway_url.rstrip("/")), key=key or snippets.KEY_PLACEHOLDER, model=clean(slug)),
    )


def setup_rows(shown: snippets.Setup, step: int, waiting: Row, width: int) -> tuple[Row, ...]:
    """Return a set-up as rows; the step that ``y`` copies is marked."""
    rows: list[Row] = [
        (Span("Gateway  ", "muted"), Span(shown.base_url, "bright")),
        waiting,
        BLANK,
    ]
    for index, each in enumerate(shown.steps):
        chosen = index == step
        where = f"   {each.where}" if each.where else ""
        rows.append(
            (
                Span("▌ " if chosen else "  ", "accent", f"step({index})"),
                Span(each.title, "bright" if chosen else "text", f"step({index})"),
                Span(where, "accent", f"step({index})"),
            )
        )
        rows += [(Span("    "), Span(line, "text" if chosen else "muted")) for line in each.text.splitlines()]
        rows.append(BLANK)
    rows += [(Span("  "), Span(note, "muted")) for note in shown.notes]
    return tuple(cut(row, width) for row in rows)


def waiting(seen: Request | None, turn: int) -> Row:
    """Return whether a request has come in since the screen was opened."""
    if seen is None:
        return (Span(f"{'◐◓◑◒'[turn % 4]} ", "accent"), Span("waiting for the first request …", "muted"))
    said = f"received: {clean(seen.model or '?', 40)} from {clean(seen.client_app or 'a client', 30)}"
    return (Span("● ", "good"), Span(said, "good"))
