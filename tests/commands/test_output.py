import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from codevector_tui.commands import output
from codevector_tui.commands.output import Column

HOSTILE = "a\x1b[31mb\x9b2J\u202ec\nd [bold]e[/bold] :smile:"


def test_a_table_shows_foreign_text_without_obeying_it(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([Column("Name"), Column("Spend", "right")], [(HOSTILE, "$1.00")], empty="")
    shown = capsys.readouterr().out
    assert "a[31mb2Jc d [bold]e[/bold] :smile:" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_an_empty_table_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([Column("Name")], [], empty="Nothing yet.")
    assert capsys.readouterr().out == "Nothing yet.\n"


def test_a_long_value_keeps_its_row_on_one_line_of_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([Column("Name"), Column("Spend", "right")], [("x" * 180, "$1.00")], empty="")
    assert capsys.readouterr().out.count("$1.00") == 1


@given(st.dictionaries(st.text(), st.text() | st.none() | st.integers(-(2**53), 2**53)))
def test_json_keeps_every_value_and_holds_nothing_a_terminal_obeys(document: dict[str, object]) -> None:
    text = output.document(document)
    assert json.loads(text) == document
    assert output.document(document, one_line=True).count("\n") == 0
    obeyed = {character for character in text if unicodedata.category(character) == "Cc"}
    assert obeyed <= {"\n"}
    assert "\u202e" not in text


@given(st.text(), st.integers(2, 30), st.sampled_from(["left", "right"]))
def test_a_fitted_cell_takes_exactly_its_width(text: str, width: int, align: str) -> None:
    assert cell_len(output.fitted(text, width, align)) == width  # type: ignore[arg-type] # one of the two literals


@pytest.mark.parametrize("name", ["x" * 200, "日本語" * 66, "😀" * 100])
def test_a_long_name_gives_way_and_the_numbers_stay_whole(capsys: pytest.CaptureFixture[str], name: str) -> None:
    columns = (Column("Project"), Column("Key"), Column("Input", "right"), Column("Spend", "right"))
    output.table(columns, [(name, "laptop", "12.4M", "$1,234"), ("api", "ci", "9", "$0.0042")], empty="")
    title, rule, *lines = capsys.readouterr().out.splitlines()
    assert title.split() == ["Project", "Key", "Input", "Spend"]
    assert lines[0].split()[-3:] == ["laptop", "12.4M", "$1,234"]
    assert lines[1].split() == ["api", "ci", "9", "$0.0042"]
    assert {cell_len(line.rstrip()) for line in lines} == {cell_len(rule)} == {output.PIPED_WIDTH}


CALLS = (
    Column("Started", whole=True),
    Column("User", spare=2),
    Column("Model"),
    Column("Cached", "right", spare=1),
    Column("Spend", "right"),
)
CALL = ("2026-03-01 10:00:00", "ana", "claude-sonnet-5-20260101", "76 %", "$0.0345")


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        ("80", ["Started", "User", "Model", "Cached", "Spend"]),
        ("46", ["Started", "Model", "Cached", "Spend"]),
        ("40", ["Started", "Model", "Spend"]),
    ],
)
def test_a_narrow_terminal_leaves_out_what_can_be_spared_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str, titles: list[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    output.table(CALLS, [CALL], empty="")
    told = capsys.readouterr()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.out)
    head, rule, line, *_ = plain.splitlines()
    assert head.split() == titles
    assert max(map(cell_len, (head, rule, line))) <= int(columns)
    assert line.startswith("2026-03-01 10:00:00")
    assert line.rstrip().endswith("$0.0345")
    assert ("There was no room for: User" in told.err) == (len(titles) < len(CALLS))


def test_a_terminal_too_narrow_for_a_table_is_shown_one_value_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    output.table(CALLS, [CALL, CALL], empty="")
    shown = capsys.readouterr().out
    assert shown.split("\n\n")[0].splitlines() == [
        "Started  2026-03-01 10:00:00",
        "User     ana",
        "Model    claude-sonnet-5-20260101",
        "Cached   76 %",
        "Spend    $0.0345",
    ]
    assert len(shown.split("\n\n")) == 2
