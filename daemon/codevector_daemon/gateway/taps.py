"""What reads a provider's answer, by what its head says."""

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.upstream import FIRST_ERROR_STATUS, UpstreamAnswer
from codevector_daemon.metering.tap import Tap


def tap_of(
    answer: UpstreamAnswer,
    spoken: str,
    head: Head,
    *,
    hide_usage: bool = False,
    plain: bool = False,
    array: bool = False,
) -> Tap:
    """Return the tap of an answer in the dialect ``spoken``; ``plain`` says that only decoded events are of use."""
    lines, is_error = HeaderMap(answer.headers), answer.status >= FIRST_ERROR_STATUS
    return Tap(
        by_name[spoken].reader(head, hide_usage=hide_usage, error=is_error),
        content_type=lines.text(b"content-type"),
        content_encoding=lines.text(b"content-encoding"),
        hide_usage=hide_usage or plain,
        array=array and not is_error,
    )
