"""``codevector settings catalogue``: the list of prices that models are charged by."""

from collections.abc import Sequence
from pathlib import Path

import click
import httpx

from codevector_shared.formats import clean, whole
from codevector_shared.price_protocol import CatalogueChange, CatalogueEntry, CatalogueInfo
from codevector_tui.commands import output, talk
from codevector_tui.commands.frame import CommandGroup, Fault, wants_json

LARGEST_BYTES = 32 * 1024 * 1024
_SHOWN = 40
"""Entries of a kind that a person is shown; ``--json`` has all."""

_SECONDS = 60.0


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.pass_context
def catalogue(ctx: click.Context) -> None:
    """Show the price catalogue in use: its version, where it comes from, and its age."""
    if ctx.invoked_subcommand is not None:
        return
    found = talk.administer(lambda control: control.catalogue())
    if wants_json():
        output.emit(found)
    else:
        output.facts(facts(found))


@catalogue.command()
@click.option(
    "--from", "source", required=True, metavar="FILE|https://…", help="Prices as genai-prices publishes them."
)
@click.option("--preview", is_flag=True, help="Show what would change.")
@click.option("--apply", "use", is_flag=True, help="Use it from now on.")
def sync(*, source: str, preview: bool, use: bool) -> None:
    """Compare another catalogue with the one in use, and put it in its place.

    Nothing is ever fetched by itself: only the file or address you name, when you name it. Overrides are never touched,
    and calls that were counted keep the price of their time.
    """
    if preview == use:
        raise click.UsageError("give either --preview or --apply")
    content = fetched(source) if source.startswith("https://") else read(Path(source))
    done = talk.administer(lambda control: control.sync_catalogue(content, source=source, apply=use))
    if wants_json():
        output.emit(done)
    else:
        _show(done)


def read(path: Path) -> bytes:
    """Read a file; Fault where that is impossible."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}", "give a file or an https:// address") from error
    if len(content) > LARGEST_BYTES:
        raise Fault(f"{path} is larger than {LARGEST_BYTES:,} bytes: that is no price catalogue")
    return content


def fetched(address: str) -> bytes:
    """Fetch an https address; Fault where that fails or the answer is too large."""
    parts: list[bytes] = []
    size = 0
    try:
        with httpx.stream("GET", address, timeout=_SECONDS, follow_redirects=False) as answer:
            if not answer.is_success:
                raise Fault(f"{address} answered {answer.status_code}", "check the address")
            for part in answer.iter_bytes():
                size += len(part)
                if size > LARGEST_BYTES:
                    raise Fault(f"{address} is larger than {LARGEST_BYTES:,} bytes: that is no price catalogue")
                parts.append(part)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Fault(f"{address} cannot be fetched: {error}", "check the address and your network") from error
    return b"".join(parts)


def facts(found: CatalogueInfo) -> list[tuple[str, str]]:
    """Return the catalogue as names and values."""
    age = "as old as this version of CodeVector" if found.age_days is None else f"{found.age_days} days"
    return [
        ("Version", clean(found.version)),
        ("Source", clean(found.source)),
        ("Applied", found.applied_at or "never: the bundled one is in use"),
        ("Age", age),
        ("Models", f"{whole(found.models)} of {whole(found.vendors)} vendors"),
    ]


def _show(done: CatalogueChange) -> None:
    kinds = (("New", done.added), ("Changed", done.changed), ("Deprecated", done.deprecated), ("Gone", done.gone))
    for title, entries in kinds:
        if entries:
            output.say(f"{title}: {whole(len(entries))}")
            _list(entries)
    if not any(entries for _, entries in kinds):
        output.say("Nothing differs.")
    name = clean(done.version)
    output.say(f"{name} is in use now." if done.applied else f"{name} was only compared; --apply puts it to use.")


def _list(entries: Sequence[CatalogueEntry]) -> None:
    for entry in entries[:_SHOWN]:
        prices = [clean(price) for price in (entry.before, entry.after) if price is not None]
        output.say(f"  {clean(entry.vendor)}/{clean(entry.model)}  {' → '.join(dict.fromkeys(prices))}")
    if len(entries) > _SHOWN:
        output.say(f"  and {whole(len(entries) - _SHOWN)} more (--json lists all)")
