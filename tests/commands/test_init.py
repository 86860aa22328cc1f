import json
from pathlib import Path

import pytest

from support.command import CommandLine

SETTINGS = '{\n    "env": {\n        "ANTHROPIC_AUTH_TOKEN": "cv_secret_of_mine"\n    },\n    "model": "opus"\n}'


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if ".git" not in path.parts and path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def headers(folder: Path, name: str = "settings.local.json") -> str:
    text: str = json.loads((folder / ".claude" / name).read_text())["env"]["ANTHROPIC_CUSTOM_HEADERS"]
    return text


def test_the_folder_name_becomes_the_project_and_undo_leaves_no_trace(
    codevector: CommandLine, repository: Path
) -> None:
    done = codevector("init", "--yes", here=repository)
    assert done.returncode == 0, done.stderr
    assert headers(repository) == "x-project: lighthouse"
    assert codevector("init", "--undo", "--yes", here=repository).returncode == 0
    assert [path.name for path in repository.iterdir()] == [".git"]


def test_it_works_from_a_folder_below_the_root(codevector: CommandLine, repository: Path) -> None:
    below = repository / "src" / "deep"
    below.mkdir(parents=True)
    assert codevector("init", "--yes", here=below).returncode == 0
    assert headers(repository) == "x-project: lighthouse"


def test_undo_restores_existing_files_byte_for_byte(codevector: CommandLine, repository: Path) -> None:
    (repository / ".claude").mkdir()
    (repository / ".claude" / "settings.local.json").write_bytes(SETTINGS.encode())
    (repository / ".envrc").write_bytes(b"export A=1\r\nexport B=2")
    before = contents(repository)
    assert codevector("init", "--yes", "--project", "big one", here=repository).returncode == 0
    assert headers(repository) == "x-project: big one"
    assert b"export CODEVECTOR_PROJECT='big one'" in (repository / ".envrc").read_bytes()
    assert codevector("init", "--undo", "--yes", here=repository).returncode == 0
    assert contents(repository) == before


def test_a_second_run_changes_nothing_and_a_new_name_replaces_the_old(
    codevector: CommandLine, repository: Path
) -> None:
    codevector("init", "--yes", "--envrc", here=repository)
    first = contents(repository)
    again = codevector("init", "--yes", "--envrc", here=repository)
    assert (again.returncode, contents(repository)) == (0, first)
    assert "Nothing to change" in again.stderr
    codevector("init", "--yes", "--project", "two", here=repository)
    assert headers(repository) == "x-project: two"
    assert (repository / ".envrc").read_text() == "export CODEVECTOR_PROJECT=two # codevector init\n"
    codevector("init", "--undo", "--yes", here=repository)
    assert contents(repository) == {}


def test_edits_made_since_survive_the_undo(codevector: CommandLine, repository: Path) -> None:
    codevector("init", "--yes", "--envrc", here=repository)
    settings = repository / ".claude" / "settings.local.json"
    document = json.loads(settings.read_text()) | {"model": "opus"}
    document["env"]["ANTHROPIC_CUSTOM_HEADERS"] += "\nx-team: green"
    settings.write_text(json.dumps(document))
    with (repository / ".envrc").open("a") as file:
        file.write("export MINE=1\n")
    assert codevector("init", "--undo", "--yes", here=repository).returncode == 0
    assert json.loads(settings.read_text()) == {"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-team: green"}, "model": "opus"}
    assert (repository / ".envrc").read_text() == "export MINE=1\n"


def test_the_change_is_shown_and_nothing_happens_without_consent(codevector: CommandLine, repository: Path) -> None:
    refused = codevector("init", here=repository, answers="n\n")
    assert refused.returncode == 1
    assert "+ ANTHROPIC_CUSTOM_HEADERS x-project: lighthouse" in refused.stderr
    assert contents(repository) == {}
    assert codevector("init", here=repository, answers="y\n").returncode == 0
    assert headers(repository) == "x-project: lighthouse"


def test_with_nobody_to_ask_it_says_how_to_go_on(codevector: CommandLine, repository: Path) -> None:
    refused = codevector("init", here=repository)
    assert (refused.returncode, contents(repository)) == (2, {})
    assert "--yes" in refused.stderr.splitlines()[-1]
    assert "Write this?" not in refused.stderr


def test_headers_of_the_person_are_repeated_where_git_ignores_the_file_and_never_shown(
    codevector: CommandLine, repository: Path, home: Path
) -> None:
    (home / ".claude").mkdir()
    personal = {"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-codevector-key: cv_private"}}
    (home / ".claude" / "settings.json").write_text(json.dumps(personal))
    refused = codevector("init", "--yes", here=repository)
    assert refused.returncode == 1
    assert "add .claude/settings.local.json to .gitignore first" in refused.stderr
    (repository / ".gitignore").write_text(".claude/settings.local.json\n")
    done = codevector("init", "--yes", here=repository)
    assert done.returncode == 0
    assert headers(repository) == "x-codevector-key: cv_private\nx-project: lighthouse"
    assert "cv_private" not in done.stdout + done.stderr
    assert (repository / ".claude" / "settings.local.json").stat().st_mode & 0o777 == 0o600
    shared = codevector("init", "--yes", "--shared", here=repository)
    assert shared.returncode == 1
    assert "run this without --shared" in shared.stderr


def test_the_shared_file_takes_the_header_when_asked(codevector: CommandLine, repository: Path) -> None:
    assert codevector("init", "--yes", "--shared", here=repository).returncode == 0
    assert headers(repository, "settings.json") == "x-project: lighthouse"
    assert not (repository / ".claude" / "settings.local.json").exists()


def test_headers_of_the_shared_file_are_not_hidden_by_the_personal_one(
    codevector: CommandLine, repository: Path
) -> None:
    (repository / ".claude").mkdir()
    shared = {"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-team: green"}}
    (repository / ".claude" / "settings.json").write_text(json.dumps(shared))
    assert codevector("init", "--yes", here=repository).returncode == 0
    assert headers(repository) == "x-team: green\nx-project: lighthouse"


@pytest.mark.parametrize("content", [b'{"env": 3}', b"{,}", b"\xff\xfe", b'{"env": {"ANTHROPIC_CUSTOM_HEADERS": 7}}'])
def test_a_settings_file_that_cannot_be_edited_is_left_alone(
    codevector: CommandLine, repository: Path, content: bytes
) -> None:
    (repository / ".claude").mkdir()
    (repository / ".claude" / "settings.local.json").write_bytes(content)
    refused = codevector("init", "--yes", here=repository)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert (repository / ".claude" / "settings.local.json").read_bytes() == content


@pytest.mark.parametrize("content", [b"{,}", b"\xff\xfe"])
def test_a_broken_file_is_called_by_its_own_name(codevector: CommandLine, repository: Path, content: bytes) -> None:
    (repository / ".claude").mkdir()
    (repository / ".claude" / "settings.json").write_bytes(content)
    refused = codevector("init", "--yes", here=repository)
    assert refused.returncode == 1
    assert str(repository / ".claude" / "settings.json") in refused.stderr
    assert "settings.local.json" not in refused.stderr


@pytest.mark.parametrize("name", ["", "a\nb", "naïve", " padded", "x" * 129])
def test_a_name_that_no_header_can_carry_is_wrong_usage(codevector: CommandLine, repository: Path, name: str) -> None:
    refused = codevector("init", "--yes", "--project", name, here=repository)
    assert (refused.returncode, contents(repository)) == (2, {})
    assert len(refused.stderr.splitlines()) == 1


def test_json_is_one_document_that_lists_the_changes(codevector: CommandLine, repository: Path) -> None:
    done = codevector("init", "--yes", "--json", here=repository)
    document = json.loads(done.stdout)
    assert document["project"] == "lighthouse"
    assert document["changes"] == [
        {"path": str(repository / ".claude" / "settings.local.json"), "action": "create"},
    ]
    assert "CODEVECTOR_PROJECT=lighthouse" in document["codex"]
