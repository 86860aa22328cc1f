import gc
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from codevector_daemon.metering.tokenizer import Tokenizer, serve
from codevector_daemon.metering.vocabulary import PIECE, Vocabulary, pieces


@pytest.fixture(scope="module")
def tokenizer() -> Iterator[Tokenizer]:
    one = Tokenizer()
    yield one
    one.close()


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello world", 2), ("你好", 1), ("antidisestablishmentarianism", 6), ("\ud800", 1)],
)
def test_a_process_of_its_own_counts_the_same(
    tokenizer: Tokenizer, vocabulary: Vocabulary, text: str, tokens: int
) -> None:
    assert tokenizer.count(text) == vocabulary.count(text.encode("utf-8", "replace").decode()) == tokens


def test_text_larger_than_a_pipe_arrives_whole(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("word " * 200_000) == pytest.approx(200_000, rel=0.001)


def test_many_threads_share_it(tokenizer: Tokenizer) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(tokenizer.count, ["one two three"] * 64)) == [3] * 64


def test_a_process_that_died_is_started_again(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("one two") == 2
    assert tokenizer._process is not None
    first = tokenizer._process
    first.kill()
    first.wait()
    assert tokenizer.count("one two") == 2
    assert tokenizer._process is not first


def test_after_an_upgrade_nobody_waits_for_a_process_that_speaks_otherwise(
    caplog: pytest.LogCaptureFixture, vocabulary: Vocabulary
) -> None:
    outdated = Tokenizer("0.0.0")
    assert outdated.count("one two") == vocabulary.count("one two")
    assert outdated.measure("", b"word " * 200_000).tokens == pytest.approx(200_000, rel=0.001)
    assert outdated._process is None
    (said,) = caplog.messages
    assert "another version is installed" in said


def test_it_ends_when_nobody_asks() -> None:
    texts, ours = os.pipe()
    with os.fdopen(texts, "rb", buffering=0) as source, os.fdopen(ours, "wb"):
        ended = threading.Thread(target=serve, args=(source, io.BytesIO(), 0.01))
        ended.start()
        ended.join(10)
        assert not ended.is_alive()


def test_it_ends_with_its_owner() -> None:
    one = Tokenizer()
    one.count("x")
    process = one._process
    assert process is not None
    del one
    gc.collect()
    assert process.wait(10) is not None


@pytest.mark.parametrize("text", [" " * 1_500_000, "a" * 300_000, "\n \r\t" * 200_000, "e\u0301" * 200_000])
def test_text_that_overflows_regular_expressions_is_counted_in_pieces(vocabulary: Vocabulary, text: str) -> None:
    assert 0 < vocabulary.count(text) <= len(text) * 2


def test_pieces_are_cut_before_spaces_and_make_up_the_text() -> None:
    text = "word " * 50_000
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(len(piece) <= PIECE for piece in cut)
    assert all(piece.startswith(" ") for piece in cut[1:])
