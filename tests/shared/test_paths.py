from pathlib import Path

from codevector_shared.paths import SOCKET_PATH_LIMIT, Places, runtime_folder


def test_one_folder_holds_everything(tmp_path: Path) -> None:
    places = Places.from_environment({"CODEVECTOR_HOME": str(tmp_path)})
    assert places.database == tmp_path / "codevector.db"
    assert places.socket == tmp_path / "control.sock"
    assert {places.config_file.parent, places.log.parent, places.spool.parent, places.master_key.parent} == {tmp_path}


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Places.from_environment({"CODEVECTOR_HOME": ""}).home is None


def test_the_socket_can_be_set_by_variable_or_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('socket = "/run/a.sock"')
    assert Places.from_environment({"CODEVECTOR_HOME": str(tmp_path)}).socket == Path("/run/a.sock")
    environ = {"CODEVECTOR_HOME": str(tmp_path), "CODEVECTOR_SOCKET": "/run/b.sock"}
    assert Places.from_environment(environ).socket == Path("/run/b.sock")


def test_a_socket_path_too_long_for_the_platform_is_replaced_by_a_short_one(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 40)
    environ = {"CODEVECTOR_HOME": str(home), "XDG_RUNTIME_DIR": "/run"}
    first = Places.from_environment(environ).socket
    assert first == Places.from_environment(environ).socket
    assert first.parent == runtime_folder(environ) == Path("/run/codevector")
    assert len(str(first)) <= SOCKET_PATH_LIMIT
