import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codevector_shared.client import ControlClient, ControlError, NotRunning, ask
from codevector_shared.protocol import Status

from .conftest import Node


@asynccontextmanager
async def stranger(answer: bytes) -> AsyncIterator[str]:
    """Serve one fixed answer to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def test_without_a_daemon_the_client_says_how_to_start_one(tmp_path: Path) -> None:
    async with ControlClient(socket=tmp_path / "none.sock") as client:
        with pytest.raises(NotRunning, match="no daemon is running at") as missing:
            await client.status()
        assert "codevector up" in (missing.value.hint or "")
        with pytest.raises(NotRunning):
            await anext(client.live())


async def test_a_refusal_keeps_code_words_hint_and_status(node: Node) -> None:
    with pytest.raises(ControlError) as refused:
        await node.admin.provider("nope")
    error = refused.value
    assert (error.code, error.status, str(error)) == ("unknown_provider", 404, "there is no provider 'nope'")
    assert error.hint == "There is no provider yet."


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_what_is_no_daemon_is_called_so(answer: bytes) -> None:
    async with stranger(answer) as url, ControlClient(url=url, key="cv_x") as client:
        with pytest.raises(ControlError, match="no CodeVector daemon") as refused:
            await client.status()
        assert refused.value.code == "bad_answer"


async def test_a_daemon_that_hangs_up_is_told() -> None:
    async with stranger(b"") as url, ControlClient(url=url, key="cv_x") as client:
        with pytest.raises(NotRunning, match="closed the connection"):
            await client.status()


async def test_a_stream_that_breaks_off_is_told() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with stranger(head + b"5\r\nabc") as url, ControlClient(url=url, key="cv_x") as client:
        with pytest.raises(NotRunning, match="closed the connection"):
            await anext(client.live())


@pytest.mark.parametrize("url", ["nonsense", "ftp://h", "http://", "http://h:x", "http://h:0"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ControlError, match="CODEVECTOR_URL"):
        ControlClient.from_environment({"CODEVECTOR_URL": url, "CODEVECTOR_KEY": "cv_x"})


@pytest.mark.parametrize("key", ["", "cv_ä", "cv_\n"])
def test_an_address_without_a_usable_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ControlError, match="CODEVECTOR_KEY") as refused:
        ControlClient.from_environment({"CODEVECTOR_URL": "http://h", "CODEVECTOR_KEY": key})
    assert not key or key not in str(refused.value)


async def test_the_environment_chooses_between_socket_and_address(node: Node) -> None:
    key = await node.key()
    here = {"CODEVECTOR_SOCKET": str(node.control_socket)}
    for environ, admin in (
        (here | {"CODEVECTOR_KEY": key}, True),
        (here | {"CODEVECTOR_URL": node.gateway_url, "CODEVECTOR_KEY": key}, False),
    ):
        async with ControlClient.from_environment(environ) as client:
            assert (await client.me()).admin is admin


async def test_code_that_is_not_asynchronous_can_ask(node: Node) -> None:
    environ = {"CODEVECTOR_SOCKET": str(node.control_socket)}

    def asked() -> Status:
        return ask(environ, lambda client: client.status())

    assert (await asyncio.to_thread(asked)).pid == 4711


async def test_a_name_with_unusual_letters_finds_its_way(node: Node) -> None:
    name = "Zoë % ? # & +ß"
    answer = await node.raw.post("/users", content=json.dumps({"name": name}).encode())
    assert answer.status_code == 201
    assert (await node.admin.user(name)).name == name
    assert (await node.admin.usage(user=name)).totals.requests == 0
