from codevector_daemon.gateway.ids import new_request_id


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_request_id(ms) for ms in (1, 999, 1_795_000_000_000, 1_795_000_000_001)]
    assert ids == sorted(ids)
    assert len({new_request_id(5) for _ in range(1000)}) == 1000
