"""``codevector export``: request rows or buckets of a window, for spreadsheets and scripts."""

import csv
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, Literal

import click
import msgspec

from codevector_shared.formats import whole
from codevector_tui.commands import output, talk
from codevector_tui.commands.days import Day
from codevector_tui.commands.frame import Command

Format = Literal["csv", "jsonl"]
_PROGRESS_ROWS = 10_000


@click.command(cls=Command)
@click.option("--from", "first", type=Day(), metavar="DAY", required=True, help="The first day.")
@click.option("--to", "last", type=Day(), metavar="DAY", help="The last day, included; today if left out.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--what", type=click.Choice(["requests", "buckets"]), default="requests", show_default=True)
@click.option(
    "--granularity",
    type=click.Choice(["5m", "hour", "day", "month"]),
    default="day",
    show_default=True,
    help="How wide the buckets are.",
)
@click.option("--output", "-o", "file", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the screen.")
def export(
    *,
    first: str,
    last: str | None,
    form: Format,
    what: Literal["requests", "buckets"],
    granularity: Literal["5m", "hour", "day", "month"],
    file: Path | None,
) -> None:
    """Write every call (or every bucket with its dimensions) of a window, oldest first."""
    if last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    target = nullcontext(sys.stdout) if file is None else file.open("w", encoding="utf-8", newline="")
    with target as text:
        rows = talk.administer(
            lambda control: _write(
                control.export(what, first=first, last=last, granularity=granularity), _writer(form, text)
            )
        )
        text.flush()
    output.note(f"{whole(rows)} {what} written" + (f" to {file}" if file else ""))


async def _write(chunks: AsyncIterator[bytes], write: Callable[[bytes], None]) -> int:
    rows, rest = 0, b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            write(line)
            rows += 1
            if rows % _PROGRESS_ROWS == 0 and sys.stderr.isatty():
                output.note(f"{whole(rows)} so far")
    return rows


def _writer(form: Format, text: IO[str]) -> Callable[[bytes], None]:
    if form == "jsonl":
        return lambda line: print(output.escaped(line.decode()), file=text)
    return _Csv(text).write


class _Csv:
    """Writes documents as lines of a table; the first one names the columns."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
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
