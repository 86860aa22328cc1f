import base64
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory.vault import CREDENTIAL, VARIABLE, SealBroken, Vault, load_master
from codevector_daemon.errors import StartError

MASTER = bytes(range(32))


@given(secret=st.text(), context=st.text())
def test_what_is_sealed_opens_with_the_same_context(secret: str, context: str) -> None:
    vault = Vault(MASTER)
    sealed = vault.seal(secret, context)
    assert vault.open(sealed, context) == secret
    assert len(secret) < 4 or secret.encode() not in sealed


def test_a_sealed_secret_does_not_open_in_another_place() -> None:
    vault = Vault(MASTER)
    with pytest.raises(SealBroken):
        vault.open(vault.seal("sk-1", "provider/a"), "provider/b")


def test_a_sealed_secret_does_not_open_under_another_master_key() -> None:
    with pytest.raises(SealBroken):
        Vault(bytes(32)).open(Vault(MASTER).seal("sk-1", "x"), "x")


@given(at=st.integers(min_value=0, max_value=92), bit=st.integers(min_value=0, max_value=7))
def test_one_flipped_bit_breaks_the_seal(at: int, bit: int) -> None:
    vault = Vault(MASTER)
    sealed = bytearray(vault.seal("sk-1", "x"))
    sealed[at] ^= 1 << bit
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed), "x")


@given(st.binary(max_size=200))
def test_garbage_is_a_broken_seal(garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        Vault(MASTER).open(garbage, "x")


def test_the_same_secret_never_seals_to_the_same_bytes() -> None:
    vault = Vault(MASTER)
    assert vault.seal("sk-1", "x") != vault.seal("sk-1", "x")


def test_digests_depend_on_the_master_key() -> None:
    assert Vault(MASTER).digest("cv_x") == Vault(MASTER).digest("cv_x")
    assert Vault(MASTER).digest("cv_x") != Vault(bytes(32)).digest("cv_x")


def test_pseudonyms_are_stable_and_differ() -> None:
    vault = Vault(MASTER)
    assert vault.pseudonym(1) == vault.pseudonym(1)
    assert len({vault.pseudonym(number) for number in range(100)}) == 100


def test_the_repr_shows_no_key() -> None:
    assert MASTER.hex()[:8] not in repr(Vault(MASTER))


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.key"
    master = load_master(path, {})
    assert len(master) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_master(path, {}) == master
    assert [found.name for found in path.parent.iterdir()] == ["master.key"]


def test_processes_that_make_the_file_at_once_agree_on_it(tmp_path: Path) -> None:
    path, found = tmp_path / "master.key", []
    threads = [threading.Thread(target=lambda: found.append(load_master(path, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "text",
    [MASTER.hex(), base64.b64encode(MASTER).decode(), base64.urlsafe_b64encode(MASTER).decode().rstrip("=") + "\n"],
)
def test_the_environment_wins_over_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    assert load_master(path, {VARIABLE: text}) == MASTER
    assert not path.exists()


def test_a_systemd_credential_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_text(MASTER.hex())
    assert load_master(tmp_path / "master.key", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == MASTER
    assert not (tmp_path / "master.key").exists()


def test_without_that_systemd_credential_the_file_is_used(tmp_path: Path) -> None:
    load_master(tmp_path / "master.key", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (tmp_path / "master.key").exists()


@pytest.mark.parametrize("text", ["hunter2", "", "ab" * 31, "zz" * 32, "é" * 32])
def test_a_master_key_that_is_none_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(StartError) as refused:
        load_master(path, {})
    assert str(path) in str(refused.value)
    assert not text or text not in str(refused.value)


def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    load_master(path, {})
    path.chmod(0o640)
    with pytest.raises(StartError, match="chmod 600"):
        load_master(path, {})


def test_no_key_is_made_for_a_store_that_has_one(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.key"
    with pytest.raises(StartError, match="is missing"):
        load_master(path, {}, bound=True)
    assert not path.parent.exists()
    made = load_master(path, {})
    assert load_master(path, {}, bound=True) == made
    assert load_master(tmp_path / "none", {VARIABLE: MASTER.hex()}, bound=True) == MASTER


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="Not a directory"):
        load_master(tmp_path / "file" / "master.key", {})
