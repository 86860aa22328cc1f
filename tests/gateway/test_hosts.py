import pytest

from codevector_daemon.errors import Refused
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.hosts import AllowedHosts

HOSTS = AllowedHosts("10.0.0.5", ("Gateway.Team", ""))


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LOCALHOST:8787", b"127.0.0.1:1", b"[::1]:8787", b"10.0.0.5:8787", b"gateway.team", b"10.0.0.9"],
)
def test_own_names_are_answered(host: bytes) -> None:
    HOSTS.check(HeaderMap([(b"Host", host)]), ("10.0.0.9", 8787))


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"localhost.evil.example",
        b"",
        b"10.0.0.8",
        b"[::1",
        b"localhost@evil",
        b"::1",
        b"localhost:8787:1",
        b"evil.example:x",
    ],
)
def test_other_names_are_refused(host: bytes) -> None:
    with pytest.raises(Refused) as refused:
        HOSTS.check(HeaderMap([(b"host", host)]), ("10.0.0.9", 8787))
    assert (refused.value.status, refused.value.code) == (421, "host_not_allowed")
