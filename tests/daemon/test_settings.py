from pathlib import Path

import pytest

from codevector_daemon.errors import SettingsError
from codevector_daemon.settings import Settings, load
from codevector_shared.paths import Places


def places_in(home: Path) -> Places:
    return Places.from_environment({"CODEVECTOR_HOME": str(home)})


def loaded(home: Path, toml: str = "", **variables: str) -> Settings:
    (home / "config.toml").write_text(toml)
    return load(places_in(home), variables)[0]


def test_an_empty_home_gives_the_defaults(tmp_path: Path) -> None:
    settings, warnings = load(places_in(tmp_path), {})
    assert (settings.listen, settings.shutdown_seconds, settings.max_body_bytes) == ("127.0.0.1:8787", 8.0, 64 * 2**20)
    assert settings.database_url == f"sqlite:///{tmp_path}/codevector.db"
    assert warnings == []


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'listen = "127.0.0.1:1"\nstore_patience = 1', CODEVECTOR_LISTEN="127.0.0.1:2")
    assert (settings.listen, settings.store_patience) == ("127.0.0.1:2", 1.0)


def test_text_from_the_environment_becomes_the_settings_type(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        CODEVECTOR_SHUTDOWN_SECONDS="0.5",
        CODEVECTOR_ALLOWED_HOSTS="a.team,b.team",
        CODEVECTOR_DEFAULT_PRICES="false",
    )
    assert (settings.shutdown_seconds, settings.allowed_hosts, settings.default_prices) == (
        0.5,
        ("a.team", "b.team"),
        False,
    )


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('\n\nlisten = "nowhere"', "line 3: listen = 'nowhere' cannot be used; expected an address and port"),
        ('# x\nlistn = "127.0.0.1:1"', "line 2: 'listn' is not a setting; expected one of listen, "),
        ('shutdown_seconds = "8"', "line 1: shutdown_seconds = '8' cannot be used; expected a number of seconds"),
        (
            "follow_background_seconds = -1",
            "line 1: follow_background_seconds = -1 cannot be used; expected a number of seconds",
        ),
        ("max_body_bytes = -1", "line 1: max_body_bytes = -1 cannot be used; expected a number of bytes"),
        ('timezone = "Mars/Olympus"', "line 1: timezone = 'Mars/Olympus' cannot be used; expected an IANA time zone"),
        ('listen = "127.0.0.1:70000"', "line 1: listen = '127.0.0.1:70000' cannot be used"),
        ("[listen]\na = 1", "line 1: listen = {'a': 1} cannot be used"),
        ("workers = 0", "line 1: workers = 0 cannot be used"),
        ("database_url = 'sqlite:///'", "line 1: database_url = … cannot be used"),
        ("database_url = 'sqlite:///:memory:'", "line 1: database_url = … cannot be used"),
        ("database_url = 'postgres://me:hunter2@h/db'", "line 1: database_url = … cannot be used"),
        ("listen = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_line(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, toml)
    assert str(error.value).startswith(f"{tmp_path}/config.toml")
    assert said in str(error.value)


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_refuses_what_it_cannot_be_and_says_what_was_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, f"# a comment\n\n{name} = {{ wrong = 1979-05-27 }}\n")
    said = str(error.value)
    assert said.startswith(f"{tmp_path}/config.toml, line 3: {name} = ")
    _, _, expected = said.partition("; expected ")
    assert expected
    assert "Annotated" not in expected


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="environment variable CODEVECTOR_STORE_PATIENCE: store_patience = 'soon'"):
        loaded(tmp_path, CODEVECTOR_STORE_PATIENCE="soon")


def test_a_database_address_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, CODEVECTOR_DATABASE_URL="mysql://me:hunter2@host/db")
    assert "hunter2" not in str(error.value)


def test_an_unknown_variable_is_a_warning_and_those_of_others_are_not(tmp_path: Path) -> None:
    variables = {"CODEVECTOR_LISTN": "x", "CODEVECTOR_KEY": "cv_x", "CODEVECTOR_HOME": str(tmp_path), "PATH": "/bin"}
    assert load(places_in(tmp_path), variables)[1] == [
        "CODEVECTOR_LISTN is not a setting of CodeVector and was ignored"
    ]
