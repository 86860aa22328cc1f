import pytest

from codevector_daemon.directory.kinds import DIALECTS, KINDS
from codevector_shared.protocol import Backend, ModelPatch, ModelsImported, ProviderPatch
from codevector_tui.commands import model_options, provider_options, providers
from codevector_tui.commands.models import import_report
from support.command import CommandLine

CUSTOM = ("--kind", "custom", "--base-url", "http://127.0.0.1:9/v1")


def test_the_command_names_every_kind_and_dialect_that_the_daemon_knows() -> None:
    assert list(KINDS) == list(provider_options.KINDS)
    assert provider_options.DIALECTS == DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_can_be_named(running: CommandLine, dialect: str) -> None:
    made = running.document("providers", "add", "mine", *CUSTOM, "--dialect", dialect, "--json")
    assert made["dialects"] == [dialect]
    kind = "embedding" if dialect == "embeddings" else "chat"
    assert running("models", "add", "m", "--backend", "mine/x", "--kind", kind).returncode == 0


def test_a_provider_is_described_changed_and_shown(running: CommandLine) -> None:
    made = running.document(
        *("providers", "add", "work", "--kind", "openai", "--organisation", "org-1", "--header", "x-team=search"),
        *("--header-env", "x-gate=GATE", "--proxy-env", "PROXY", "--json"),
        env={"GATE": "hush-1", "PROXY": "http://me:hush-2@proxy.test:3128"},
    )
    assert (made["organisation"], made["headers"]) == ("org-1", ["x-team", "x-gate"])
    assert made["proxy"] == "http://proxy.test:3128"
    changed = running.document(
        *("providers", "set", "work", "--project", "proj-1", "--no-header", "x-team", "--unset", "proxy"),
        *("--unset", "organisation", "--credential-stdin", "--dialect", "responses", "--json"),
        answers="sk-new\n",
    )
    assert (changed["project"], changed["headers"], changed["proxy"]) == ("proj-1", ["x-gate"], None)
    assert (changed["organisation"], changed["has_credential"], changed["dialects"]) == (None, True, ["responses"])
    shown = running("providers", "show", "work").stdout
    assert "proj-1" in shown
    assert "x-gate" in shown
    assert "hush" not in shown + running("providers", "list", "--json").stdout
    assert running("providers", "set", "work").returncode == 2


def test_a_service_is_vouched_for_and_not_any_more(running: CommandLine) -> None:
    assert not running.document("providers", "add", "relay", *CUSTOM, "--json")["own_login"]
    assert running.document("providers", "set", "relay", "--own-login", "--json")["own_login"]
    assert running.document("providers", "set", "relay", "--dialect", "messages", "--json")["own_login"]
    assert "Own logins" in running("providers", "show", "relay").stdout
    assert not running.document("providers", "set", "relay", "--no-own-login", "--json")["own_login"]
    refused = running("providers", "add", "other", "--kind", "deepseek", "--own-login")
    assert (refused.returncode, "only a provider of kind custom" in refused.stderr) == (1, True)


def test_a_model_says_what_kind_it_is_and_why_it_cannot_be_called(running: CommandLine) -> None:
    running("providers", "add", "home", *CUSTOM, "--dialect", "chat", "--dialect", "embeddings")
    assert running.document("models", "add", "v", "--backend", "home/nomic-embed", "--json")["kind"] == "embedding"
    assert running.document("models", "add", "m", "--backend", "home/m", "--json")["kind"] == "chat"
    assert running.document("models", "set", "m", "--kind", "embedding", "--json")["kind"] == "embedding"
    running("providers", "disable", "home")
    assert running("models", "list").stdout.count(", provider disabled") == 2
    assert "home/m (priority 0): provider disabled" in running("models", "show", "m").stdout


def test_two_accounts_of_one_kind_serve_one_model(running: CommandLine) -> None:
    for name in ("home", "work"):
        running("providers", "add", name, *CUSTOM)
    both = ("--backend", "home/m,work/m", "--priority", "home=0", "--priority", "work=0", "--weight", "work=3")
    made = running.document("models", "add", "shared", *both, "--json")
    ways = [(way["provider"], way["priority"], way["weight"]) for way in made["backends"]]
    assert ways == [("home", 0, 1), ("work", 0, 3)]
    changed = running.document("models", "set", "shared", "--priority", "home/m=2", "--json")
    assert [(way["provider"], way["priority"]) for way in changed["backends"]] == [("work", 0), ("home", 2)]


def test_removing_a_provider_says_what_is_lost_and_needs_force_for_the_last(running: CommandLine) -> None:
    for name in ("home", "work"):
        running("providers", "add", name, *CUSTOM)
    running("models", "add", "safe", "--backend", "home/m,work/m")
    running("models", "add", "lone", "--backend", "home/m")
    refused = running("providers", "remove", "home")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "lone" in refused.stderr
    assert "--force" in refused.stderr
    done = running.document("providers", "remove", "home", "--force", "--json")
    assert done == {"removed": "home", "lost_a_backend": ["safe"], "lost_their_last": ["lone"]}
    assert "No backend any more: safe" in running("providers", "remove", "work", "--force").stdout


def test_a_wildcard_and_an_alias_are_called_like_any_model(running: CommandLine) -> None:
    running("models", "add", "qu*", "--backend", "sandbox/*", "--free")
    assert running.call_gateway("quick").status_code == 200
    (row,) = running.document("requests", "--json")["requests"]
    assert (row["model"], row["upstream_model"]) == ("quick", "quick")
    added = running.document("models", "set", "sandbox/quick", "--alias", "Speedy", "--json")
    assert added["aliases"] == ["Speedy"]
    assert running.call_gateway("Speedy").status_code == 200
    row, _ = running.document("requests", "--json")["requests"]
    assert (row["model"], row["upstream_model"]) == ("sandbox/quick", "quick")
    assert "Speedy" in running("models", "list").stdout
    assert running.document("models", "set", "Speedy", "--unset", "alias", "--json")["aliases"] == []
    assert running.call_gateway("Speedy").status_code == 404


def test_a_draft_is_seen_by_nobody_until_it_is_enabled(running: CommandLine) -> None:
    made = running.document("models", "add", "soon", "--backend", "sandbox/quick", "--free", "--draft", "--json")
    assert made["status"] == "draft"
    assert running.call_gateway("soon").status_code == 404
    facts = ("--capability", "vision", "--context-window", "1000", "--max-output", "100", "--status", "active")
    changed = running.document("models", "set", "soon", *facts, "--json")
    assert (changed["status"], changed["capabilities"]) == ("active", ["vision"])
    assert (changed["context_window"], changed["max_output"]) == (1000, 100)
    assert running.call_gateway("soon").status_code == 200
    back = running.document("models", "set", "soon", "--unset", "context-window", "--unset", "capability", "--json")
    assert back["context_window"] is None


def test_an_import_says_what_is_new(running: CommandLine) -> None:
    running("models", "remove", "sandbox/quick")
    tried = running("models", "import", "sandbox", "--dry-run").stdout
    assert "Would add 1 model of sandbox; 2 were there already." in tried
    assert running.document("models", "import", "sandbox", "sandbox/d*", "--json")["added"] == []
    assert running.document("models", "import", "sandbox", "--json")["added"] == ["sandbox/quick"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "x", *CUSTOM, "--header", "x-team"),
        ("add", "x", *CUSTOM, "--header-env", "x-team=NOT_SET"),
        ("add", "x", *CUSTOM, "--proxy", "http://h", "--proxy-env", "HOME"),
        ("add", "x", *CUSTOM, "--credential-env", "HOME", "--credential-stdin"),
        ("set", "x", "--region", "eu", "--unset", "region"),
        ("set", "x", "--unset", "name"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(codevector: CommandLine, arguments: tuple[str, ...]) -> None:
    assert codevector("providers", *arguments).returncode == 2


def test_what_is_not_given_is_not_touched() -> None:
    nothing = provider_options.Described(**dict.fromkeys(provider_options.Described.__struct_fields__))
    assert providers.changes(nothing, (), ()) == ProviderPatch()
    assert providers.changes(nothing, ("x-a",), ("ca-file",)) == ProviderPatch(headers={"x-a": None}, ca_file=None)
    given = dict.fromkeys(
        (*model_options.PRICES, "display_name", "kind", "free", "status", "context_window", "max_output")
    )
    empty = {**given, "aliases": (), "capabilities": (), "backends": (), "catalogue_price": False}
    assert model_options.changes(empty, ()) == ModelPatch()
    assert model_options.changes(empty, ("alias", "max-output")) == ModelPatch(aliases=[], max_output=None)


@pytest.mark.parametrize("word", ["home", "home=x", "=1", "home=-1", "nobody=1", "home/n=1"])
def test_a_priority_names_one_backend_and_a_number(word: str) -> None:
    with pytest.raises(Exception, match="--priority"):
        model_options.arranged([Backend("home", "m")], (word,), ())


def test_a_backend_named_by_provider_alone_must_be_the_only_one_of_it() -> None:
    ways = [Backend("home", "m=1"), Backend("home", "n")]
    with pytest.raises(Exception, match="several"):
        model_options.arranged(ways, ("home=1",), ())
    assert model_options.arranged(ways, (), ("home/m=1=7",))[0].weight == 7


def test_an_imports_report_is_short() -> None:
    many = [f"m{number:03}" for number in range(50)]
    report = import_report(ModelsImported(many, ["k"], unknown=["m000"], gone=["old"], skipped=2), "p")
    assert report[0] == "Added 50 models of p; 1 were there already; 2 neither chat nor embed."
    assert report[1].endswith("m019 and 30 more")
    assert report[2:] == ["Without a price in the catalogue: m000", "Not in its list any more: old"]
