"""Looking after the ledger: doctor, backup, export."""

import csv
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from support.command import SCRIPTS, CommandLine


def a_model(running: CommandLine) -> str:
    return str(running.document("models", "list", "--json")["models"][0]["slug"])


def test_the_doctor_finds_a_sound_ledger(running: CommandLine) -> None:
    assert running.call_gateway(a_model(running)).status_code == 200
    said = running("doctor", "--ledger")
    assert (said.returncode, "WRONG" in said.stdout) == (0, False), said.stdout + said.stderr
    found = running.document("doctor", "--ledger", "--json")
    assert found["ok"] is True
    assert {check["name"] for check in found["checks"]} >= {"the database file", "the request rows", "the spool"}
    assert found["database_bytes"] > 0


def test_a_backup_is_a_whole_database(running: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    assert running.document("backup", str(file), "--json")["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM keys").fetchone() == (1,)
    connection.close()
    again = running("backup", str(file))
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
    assert running("backup", "--force", str(file)).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


def test_the_doctor_fails_where_a_count_is_wrong(running: CommandLine) -> None:
    assert running.call_gateway(a_model(running)).status_code == 200
    connection = sqlite3.connect(running.document("status", "--json")["database"].removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE requests SET output = output + 1")
    connection.close()
    said = running("doctor", "--ledger")
    assert "WRONG" in said.stdout
    assert said.returncode == 1


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_backup_never_takes_the_place_of_the_database_in_use(running: CommandLine, end: str) -> None:
    in_use = running.document("status", "--json")["database"].removeprefix("sqlite:///")
    refused = running("backup", "--force", in_use + end)
    assert (refused.returncode, refused.stderr) == (
        1,
        f"codevector: {in_use + end} is in use by the daemon; choose another name\n",
    )
    assert running("doctor", "--ledger").returncode == 0


def test_a_folder_that_is_missing_is_told_by_the_name_that_was_asked_for(running: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "missing" / "copy.db"
    refused = running("backup", str(file))
    assert (refused.returncode, refused.stderr) == (1, f"codevector: {file}: No such file or directory\n")


def test_an_export_that_fails_keeps_the_file_there_was_and_leaves_nothing_beside_it(
    codevector: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("kept")
    failed = codevector("export", "--from", "2026-01-01", "-o", str(file))
    assert (failed.returncode, len(failed.stderr.splitlines()), file.read_text()) == (1, 1, "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]


def test_an_export_keeps_the_permissions_of_a_file_and_the_link_to_it(running: CommandLine, tmp_path: Path) -> None:
    file, link = tmp_path / "kept.csv", tmp_path / "link.csv"
    file.write_text("kept")
    file.chmod(0o640)
    link.symlink_to(file)
    assert running.call_gateway(a_model(running)).status_code == 200
    done = running.document("export", "--from", "2020-01-01", "-o", str(link), "--json")
    assert done == {"file": str(link), "what": "requests", "rows": 1}
    assert (link.is_symlink(), file.stat().st_mode & 0o777) == (True, 0o640)
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full stands in for a disk without room")
def test_a_full_disk_is_told_in_one_line(running: CommandLine) -> None:
    assert running.call_gateway(a_model(running)).status_code == 200
    failed = running("export", "--from", "2020-01-01", "-o", "/dev/full")
    assert (failed.returncode, failed.stderr) == (1, "codevector: /dev/full: No space left on device\n")
    for command in (["export", "--from", "2020-01-01"], ["status"], ["usage", "--json"]):
        with Path("/dev/full").open("w") as full:
            told = subprocess.run(
                [SCRIPTS / "codevector", *command],
                env=running.environment,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert (told.returncode, told.stderr) == (1, "codevector: No space left on device\n")


def test_a_dash_is_standard_output_and_json_is_one_document(running: CommandLine) -> None:
    window = ("export", "--from", "2020-01-01")
    assert running.document(*window, "--json") == {"requests": []}
    assert running.call_gateway(a_model(running)).status_code == 200
    assert running.call_gateway(a_model(running)).status_code == 200
    assert len(running.document(*window, "--json")["requests"]) == 2
    assert len(running.document(*window, "--json", "--what", "buckets")["buckets"]) == 1
    assert running(*window, "-o", "-").stdout == running(*window).stdout
    assert not (running.home / "-").exists()
    assert running(*window, "--json", "--format", "csv").returncode == 2


def test_an_export_of_a_window_that_ends_before_it_starts_leaves_the_file_alone(
    running: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("kept")
    refused = running("export", "--from", "2026-02-01", "--to", "2026-01-01", "-o", str(file))
    assert (refused.returncode, len(refused.stderr.splitlines()), file.read_text()) == (2, 1, "kept")


def test_rows_and_buckets_are_exported_in_both_formats(running: CommandLine, tmp_path: Path) -> None:
    model = a_model(running)
    assert running.call_gateway(model, **{"x-project": '=evil, "x"'}).status_code == 200
    lines = running("export", "--from", "2020-01-01", "--format", "jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["model"] for row in rows] == [model]
    file = tmp_path / "buckets.csv"
    done = running("export", "--from", "2020-01-01", "--what", "buckets", "-o", str(file))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    with file.open(newline="") as text:
        (bucket,) = csv.DictReader(text)
    assert (bucket["requests"], bucket["project"]) == ("1", rows[0]["project"])
    assert bucket["input_tokens"] == str(rows[0]["input_tokens"])
    assert running("export").returncode == 2
