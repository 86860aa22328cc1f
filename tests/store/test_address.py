import pytest

from codevector_daemon.store.address import shown_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////home/ana/my data/codevector.db", "sqlite:////home/ana/my data/codevector.db"),
        ("postgresql://ana:s3cret@db.team:5432/codevector", "postgresql://ana:***@db.team:5432/codevector"),
        ("postgresql://ana:s%40cret:x@db.team/codevector", "postgresql://ana:***@db.team/codevector"),
        ("postgresql://db.team/cv?user=ana&password=s3cret", "postgresql://db.team/cv?password=hidden&user=ana"),
        ("postgresql://ana@db.team/codevector", "postgresql://ana@db.team/codevector"),
    ],
)
def test_the_password_of_a_database_is_never_shown(url: str, shown: str) -> None:
    assert shown_address(url) == shown
