from codevector_daemon.gateway.headers import HeaderMap, incoming, outgoing

CREDENTIAL = ((b"authorization", b"Bearer sk-provider"),)


def test_unknown_lines_go_upstream_in_order_spelling_and_number() -> None:
    lines = [(b"X-Odd", b"1"), (b"anthropic-beta", b"a,b"), (b"X-Odd", b"2"), (b"Content-Type", b"application/json")]
    assert outgoing(HeaderMap(lines), (), own_login=False, plain=False) == tuple(lines)


def test_credentials_attribution_and_hop_by_hop_lines_stay_here() -> None:
    lines = [
        (b"Host", b"localhost:8787"),
        (b"Authorization", b"Bearer cv_x"),
        (b"X-Api-Key", b"cv_x"),
        (b"x-goog-api-key", b"cv_x"),
        (b"X-Codevector-Key", b"cv_x"),
        (b"X-Client-App", b"mine"),
        (b"X-Project", b"mine"),
        (b"Content-Encoding", b"gzip"),
        (b"Connection", b"keep-alive, X-Private"),
        (b"X-Private", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"TE", b"trailers"),
        (b"Expect", b"100-continue"),
        (b"X-Stays", b"yes"),
    ]
    assert outgoing(HeaderMap(lines), CREDENTIAL, own_login=False, plain=False) == ((b"X-Stays", b"yes"), *CREDENTIAL)


def test_a_clients_own_login_goes_upstream_untouched() -> None:
    lines = [(b"Authorization", b"Bearer oauth"), (b"x-codevector-key", b"cv_x")]
    assert outgoing(HeaderMap(lines), (), own_login=True, plain=False) == ((b"Authorization", b"Bearer oauth"),)


def test_only_codings_that_can_be_metered_are_asked_for() -> None:
    headers = HeaderMap([(b"Accept-Encoding", b"gzip, dcb, br;q=0.5, *")])
    assert outgoing(headers, (), own_login=False, plain=False) == ((b"Accept-Encoding", b"gzip, br;q=0.5"),)
    assert outgoing(headers, (), own_login=False, plain=True) == ((b"Accept-Encoding", b"identity"),)


def test_an_answer_that_must_be_edited_is_asked_for_without_coding() -> None:
    assert outgoing(HeaderMap([]), (), own_login=False, plain=True) == ((b"Accept-Encoding", b"identity"),)
    assert outgoing(HeaderMap([]), (), own_login=False, plain=False) == ()


def test_the_answers_lines_come_back_with_the_request_id() -> None:
    lines = (
        (b"Content-Length", b"5"),
        (b"Retry-After", b"3"),
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"Connection", b"close"),
        (b"x-codevector-request-id", b"forged"),
    )
    assert incoming(lines, b"req_1") == [
        (b"Content-Length", b"5"),
        (b"Retry-After", b"3"),
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"x-codevector-request-id", b"req_1"),
    ]


def test_an_edited_answer_loses_its_length_and_a_decoded_one_its_coding() -> None:
    lines = ((b"content-length", b"5"), (b"content-encoding", b"br"))
    assert incoming(lines, b"r", drop_length=True) == [
        (b"content-encoding", b"br"),
        (b"x-codevector-request-id", b"r"),
    ]
    assert incoming(lines, b"r", drop_coding=True) == [(b"x-codevector-request-id", b"r")]
