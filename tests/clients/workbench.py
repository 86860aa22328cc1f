"""A clean home and a work folder for one tool, a key of its own, and what the gateway counted under that key."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients import answers
from clients.answers import Dialect
from clients.packages import PACKAGES, node_folder
from clients.running import Ran, run
from codevector_tui.commands import snippets
from support.books import Row, counts_of
from support.control import MadeKey
from support.counts import NOTHING, Counts
from support.desk import RATES, Desk
from support.script import NEVER, Received
from support.waiting import until

HALF = 4
"""The events after which an answer hangs that hangs."""
OK, BAD_REQUEST = 200, 400
QUESTION = "Which town is the capital of Absurdistan?"
ANSWER = "It is Quetzalburg-an-der-Xylophe."
NOTE = "notes.txt"
NOTED = "The pass word is marmalade-4711."
ERRAND = f"Read the file {NOTE} and tell the pass word in it."
REPORT = "Your pass word begins with an orange spread."
REASON = "The border of Absurdistan is closed."
QUIET = {
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(slots=True)
class Workbench:
    """One tool, set up for one key of one gateway."""

    client: str
    desk: Desk
    key: MadeKey
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    start: list[str] = field(default_factory=list)
    """What the tool is to be started with, as ``codevector connect`` prints it."""
    hanging: bool = False

    @property
    def home(self) -> Path:
        """The tool's home."""
        return self.folder / "home"

    @property
    def work(self) -> Path:
        """The folder it works in."""
        return self.folder / "work"

    def prepare(self) -> None:
        """Make home and work folder; some tools want to be in a repository."""
        self.home.mkdir()
        self.work.mkdir()
        (self.work / NOTE).write_text(f"{NOTED}\n")
        (self.home / ".gitconfig").write_text("[user]\nname = Tester\nemail = tester@example.invalid\n")
        self._git("init", "--quiet")
        self._git("add", NOTE)
        self._git("commit", "--quiet", "--message", "First")

    def put(self, where: str, text: str) -> None:
        """Write a file; ``~`` is the tool's home."""
        path = Path(where.replace("~", str(self.home), 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def connect(self, model: str, *, steps: Sequence[int] = ()) -> None:
        """Do what ``codevector connect`` prints for this tool to the letter: all steps, or those of these numbers."""
        made = snippets.setup(self.client, snippets.Target(self.desk.daemon.url, self.key.secret, model))
        for step in (made.steps[number] for number in steps) if steps else made.steps:
            if step.where is not None:
                self.put(step.where, step.text)
            elif step.title == snippets.START:
                self.start = shlex.split(step.text)[1:]
            else:
                self._type(step.text)

    def run(self, *arguments: str, program: Path | None = None) -> Ran:
        """Run the tool in its work folder to its end, with nothing of the tester's own environment.

        Where its answer hangs, it is ended by Ctrl-C once that has begun.
        """
        command = [str(program or PACKAGES[self.client].installed), *arguments]
        enough = self._half_answered if self.hanging else None
        try:
            return run(command, self._environment(), self.work, self.folder, enough)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.story()}") from error

    def _half_answered(self) -> bool:
        seen = self.desk.provider.received()
        return any(one.ending == "running" and len(one.sent) >= HALF for one in seen)

    def _type(self, text: str) -> None:
        """Type lines into a shell; what they export stays set."""
        kept = self.folder / "exported"
        script = f"set -e\n{text}\nenv -0 > {shlex.quote(str(kept))}"
        subprocess.run(["sh", "-c", script], cwd=self.work, env=self._environment(), check=True, capture_output=True)
        after = dict(line.split("=", 1) for line in kept.read_text().split("\0") if line)
        self.variables |= {name: after[name] for name in re.findall(r"^export (\w+)=", text, re.MULTILINE)}

    # What the provider says.

    def will_answer(self, dialect: Dialect) -> None:
        """Let the provider answer the question."""
        self.desk.provider.when(QUESTION, answers.text(dialect, ANSWER))

    def will_call(self, dialect: Dialect, tool: str, arguments: Mapping[str, object]) -> None:
        """Let the provider call a tool that reads the note, and make its report once it was given the note's text."""
        self.desk.provider.when(ERRAND, answers.tool_call(dialect, tool, arguments))
        self.desk.provider.when(NOTED, answers.text(dialect, REPORT))

    def will_refuse(self, dialect: Dialect) -> None:
        """Let the provider refuse the question."""
        self.desk.provider.when(QUESTION, answers.refusal(dialect, REASON))

    def will_hang(self, dialect: Dialect) -> None:
        """Let the provider stop in the middle of its answer, so that the tool is interrupted."""
        self.desk.provider.when(QUESTION, answers.text(dialect, ANSWER).gated_after(HALF, NEVER.name))
        self.hanging = True

    # What was counted.

    def rows(self) -> list[Row]:
        """Return the rows of this key once no call of it is open."""
        until(lambda: not self.desk.books.open_requests(), "the end of all calls")
        return [row for row in self.desk.books.requests() if row["key_id"] == self.key.id]

    def assert_counted(self, *, calls: int, client_app: str, dialect: Dialect, model: str) -> list[Row]:
        """Assert one row for each call, with the provider's counts at this model's price; return the rows."""
        rows = self.rows()
        story = self.story()
        assert len(rows) == len(self._generations()) >= calls, story
        assert {row["state"] for row in rows} == {"complete"}, story
        assert {row["usage_source"] for row in rows} == {"reported"}, story
        named = {(row["client_app"], row["dialect"], row["model"], row["project"]) for row in rows}
        assert named == {(client_app, dialect, model, self.client)}, story
        said = self._said()
        assert sum((counts_of(row) for row in rows), NOTHING) == said, story
        assert [row["spend_nano"] for row in rows] == [RATES.nano(counts_of(row)) for row in rows], story
        assert self.desk.books.spent(key_id=str(self.key.id)) == (said, sum(row["spend_nano"] for row in rows)), story
        return rows

    def assert_told_of_refusal(self, ran: Ran) -> None:
        """Assert that the tool showed the provider's own words, and that the refusal cost nothing."""
        assert REASON in ran.shown, f"{ran.told}\n{self.story()}"
        refused = {(row["state"], row["status"], row["spend_nano"]) for row in self.rows() if row["status"] != OK}
        assert refused == {("upstream_failed", BAD_REQUEST, 0)}, self.story()

    def assert_left(self) -> None:
        """Assert that the provider was hung up on too, and that every call that was is a row which says so."""
        states = [row["state"] for row in self.rows()]
        seen = self.desk.provider.wait_for(lambda seen: all(one.ending != "running" for one in seen), "its calls' end")
        hung = [one.ending for one in seen if len(one.sent) == HALF]
        assert set(hung) == {"left"}, self.story()
        assert states.count("client_left") >= len(hung), self.story()  # a title may not have been taken either
        assert set(states) <= {"client_left", "complete"}, self.story()

    def _generations(self) -> list[Received]:
        """Return what reached the provider to be answered by a model, which is what has a row."""
        free = ("/count_tokens", ":countTokens", "/models?")
        return [one for one in self.desk.provider.received() if not any(part in one.target for part in free)]

    def _said(self) -> Counts:
        """Return what all answers reported; a tool may have hung up on the last byte of one, after its last event."""
        seen = self.desk.provider.wait_for(
            lambda seen: all(one.ending != "running" for one in seen), "the answers' end"
        )
        return sum((one.said for one in seen), NOTHING)

    def story(self) -> str:
        """Tell what reached the provider and what was counted, for a failed assertion."""
        seen = [_told(request) for request in self.desk.provider.received()]
        names = ("client_app", "session", "agent", "dialect", "model", "state", "status", "error", "usage_source")
        rows = [str({name: row[name] for name in names}) for row in self.rows()]
        return "\n".join(["", "The provider saw:", *seen, "The gateway counted:", *rows])

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.work, env=self._environment(), check=True, capture_output=True)

    def _environment(self) -> dict[str, str]:
        path = [str(node_folder()), str(PACKAGES[self.client].installed.parent), os.environ["PATH"]]
        return {"PATH": os.pathsep.join(path), "HOME": str(self.home), **QUIET, **self.variables}


MakeWorkbench = Callable[..., Workbench]
"""Takes the client's name, and what its key has besides."""


def _told(request: Received) -> str:
    headers = [f"{name.decode()}={value.decode('latin-1')[:60]}" for name, value in request.headers]
    shown: Any = [one for one in headers if not one.lower().startswith(("accept", "connection", "content-length"))]
    return f"{request.method} {request.target} {request.ending} {shown} {request.body[:300]!r}"
