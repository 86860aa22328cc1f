"""``codevector export``: request rows or buckets of a window, for spreadsheets and scripts."""

import csv
import io
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import click
import msgspec

from codevector_shared.formats import whole
from codevector_tui.commands import files, output, talk
from codevector_tui.commands.days import Day
from codevector_tui.commands.frame import Command, wants_json

Format = Literal["csv", "jsonl"]
_PROGRESS_ROWS = 10_000


@click.command(cls=Command)
@click.option("--from", "first", type=Day(), metavar="DAY", required=True, help="The first day.")
@click.option("--to", "last", type=Day(), metavar="DAY", help="The last day, included; today if left out.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="csv if left out.")
@click.option(
    "--what",
    type=click.Choice(["requests", "buckets"]),
    default="requests",
    show_default=True,
    help="Single calls, or sums of them.",
)
@click.option(
    "--granularity",
    type=click.Choice(["5m", "hour", "day", "month"]),
    default="day",
    show_default=True,
    help="How wide the buckets are.",
)
@click.option(
    "--output",
    "-o",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Instead of standard output, which - means too.",
)
def export(
    *,
    first: str,
    last: str | None,
    form: Format | None,
    what: Literal["requests", "buckets"],
    granularity: Literal["5m", "hour", "day", "month"],
    file: Path | None,
) -> None:
    """Write every call (or every bucket with its dimensions) of a window, oldest first."""
    if last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    into = None if file == Path("-") else file
    one_document = wants_json() and into is None
    if one_document and form is not None:
        raise click.UsageError("give --format or --json, not both, unless --output names a file")
    with _target(into) as text:
        writer = _Document(text, what) if one_document else _Lines(text) if form == "jsonl" else _Csv(text)
        rows = talk.administer(
            lambda control: _write(control.export(what, first=first, last=last, granularity=granularity), writer)
        )
        writer.end()
    if wants_json() and into is not None:
        output.emit({"file": str(into.absolute()), "what": what, "rows": rows})
    else:
        output.note(f"{whole(rows)} {what} written" + (f" to {into}" if into else ""))


@contextmanager
def _target(file: Path | None) -> Iterator[IO[str]]:
    """Open what is written to: standard output, or a file that is put in place when it is whole."""
    if file is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # as in a file, whatever the terminal's own is
        yield sys.stdout
        sys.stdout.flush()
        return
    with files.written(file) as there:
        text = io.TextIOWrapper(there, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            text.detach()


async def _write(chunks: AsyncIterator[bytes], writer: "_Lines") -> int:
    rows, rest = 0, b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            writer.write(line)
            rows += 1
            if rows % _PROGRESS_ROWS == 0 and sys.stderr.isatty():
                output.note(f"{whole(rows)} so far")
    return rows


class _Lines:
    """Writes documents as they come, one a line."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def write(self, line: bytes) -> None:
        """Write one document."""
        self._text.write(output.escaped(line.decode()) + "\n")

    def end(self) -> None:
        """Write what comes last."""


class _Document(_Lines):
    """Writes documents as the list in one document."""

    def __init__(self, text: IO[str], name: str) -> None:
        super().__init__(text)
        self._before = self._opening = f'{{"{name}": [\n'

    def write(self, line: bytes) -> None:
        """Write one document."""
        self._text.write(self._before + output.escaped(line.decode()))
        self._before = ",\n"

    def end(self) -> None:
        """Close the list, which may be empty."""
        self._text.write((self._opening if self._before is self._opening else "\n") + "]}\n")


class _Csv(_Lines):
    """Writes documents as lines of a table; the first one names the columns."""

    def __init__(self, text: IO[str]) -> None:
        super().__init__(text)
        self._names: list[str] | None = None

    def write(self, line: bytes) -> None:
        """Write one document."""
        row: dict[str, Any] = msgspec.json.decode(line)
        if self._names is None:
            self._names = list(row)
            self._line(self._names)
        self._line([_cell(row.get(name)) for name in self._names])

    def _line(self, cells: list[str]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        self._text.write(buffer.getvalue())


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
