import logging
import os
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from codevector_daemon.metering import cache
from codevector_daemon.metering.catalogue import FORMAT, Catalogue
from codevector_daemon.metering.prices import PriceBook


def made(path: Path) -> Catalogue:
    return cache.load(path)


def test_the_catalogue_is_compiled_once_and_then_read(tmp_path: Path) -> None:
    path = tmp_path / "rates.cache"
    first = made(path)
    written = path.stat()
    assert (first.format, first.version) == (FORMAT, version("genai-prices"))
    assert made(path) == first
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "damage",
    [b"", b"short", b"\x00" * 500_000],
    ids=["empty", "cut", "zeros"],
)
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "rates.cache"
    path.write_bytes(damage)
    assert made(path).version == version("genai-prices")
    assert path.stat().st_size > 100_000


def test_one_changed_byte_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "rates.cache"
    made(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:200_000] + bytes([whole[200_000] ^ 1]) + whole[200_001:])
    made(path)
    assert path.read_bytes() == whole


def test_a_cache_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "rates.cache"
    current = made(path)
    whole = path.read_bytes()
    older = msgspec.msgpack.encode(msgspec.structs.replace(current, version="0.0.1"))
    cache._write(path, older)
    assert made(path).version == current.version
    assert path.read_bytes() == whole


def test_a_first_start_makes_the_caches_own_folder_and_has_nothing_to_say(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / ".cache" / "codevector" / "rates.cache"
    made(path)
    assert path.exists()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert caplog.messages == []


def test_a_home_that_cannot_be_written_still_has_prices(tmp_path: Path) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.write_bytes(b"")
    book = PriceBook.open(blocked / "rates.cache")
    assert book.card("openai", "gpt-5", 0, override=None, free=False).basis == "catalogue"


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rates.cache"
    code = (
        f"from pathlib import Path; from codevector_daemon.metering import cache; cache.load(Path({os.fspath(path)!r}))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert list(tmp_path.iterdir()) == [path]
    assert made(path).version == version("genai-prices")


def test_pricing_never_imports_the_catalogues_source(tmp_path: Path) -> None:
    path = tmp_path / "rates.cache"
    code = (
        "import sys; from pathlib import Path; from codevector_daemon.metering.prices import PriceBook;"
        f"book = PriceBook.open(Path({os.fspath(path)!r}));"
        "book.card('openai', 'gpt-5', 0, override=None, free=False);"
        "print(sorted({'genai_prices', 'pydantic', 'tiktoken', 'sqlalchemy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"
