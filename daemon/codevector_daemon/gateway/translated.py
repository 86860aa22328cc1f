"""An answer in another protocol than the client's, on its way: read as the provider's, sent on as the client's."""

from codevector_daemon.dialects.base import Kept, Reading
from codevector_daemon.dialects.opening import UNREADABLE, Opening
from codevector_daemon.dialects.translation import BadAnswer, Failure, Translation
from codevector_daemon.errors import Refused
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.upstream import UpstreamAnswer
from codevector_daemon.metering.codings import CodingBroken, decoder_for
from codevector_daemon.metering.tap import LastWord, Tap


class TranslatedTap:
    """Stands where the tap stands: what it gives is the client's, what it reads is the provider's."""

    drops_encoding = True

    def __init__(self, tap: Tap, translation: Translation, slug: str) -> None:
        self._tap = tap
        self._translator = translation.stream(slug)

    @property
    def streamed(self) -> bool | None:
        """Whether the answer is a stream of events."""
        return self._tap.streamed

    @property
    def opening(self) -> Opening:
        """What the provider's answer can be, by its first bytes."""
        return self._tap.opening

    @property
    def ended(self) -> bool:
        """Whether the end of the provider's answer was seen; the client's is held back."""
        return self._tap.ended or self._translator.ended

    @property
    def broken(self) -> str | None:
        """The class of what is no answer, or could not be translated, if anything."""
        failed = self._translator.failed if self._tap.streamed else None  # another answer is not translated here
        return failed or self._tap.broken

    def last_word(self, word: LastWord) -> bytes:
        """Return the event that ends the client's answer where the provider's broke off."""
        return self._translator.finish(Failure("api_error", word.message, code=word.code)) or word.event

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes from the provider and return the client's that are ready; nothing after the end."""
        return self._translator.feed(self._tap.feed(chunk))

    def release(self) -> bytes:
        """Return the end of the client's answer."""
        return self._translator.feed(self._tap.release()) + self._translator.finish()

    def so_far(self) -> Reading:
        """Return what was read by now."""
        return self._tap.so_far()

    def progress(self) -> int:
        """Return the output tokens so far."""
        return self._tap.progress()

    def reading(self) -> Reading:
        """Return what was read."""
        return self._tap.reading()

    def kept(self) -> Kept:
        """Return what was kept of the provider's answer for an estimate of its output."""
        return self._tap.kept()


def whole_answer(
    translation: Translation, answer: UpstreamAnswer, body: bytes, slug: str, *, stream: bool, said: str | None
) -> tuple[int, bytes]:
    """Return status and body for the client, as a stream where it asked for one; raises Refused for nonsense.

    ``said`` is the class of the error that the provider named in its answer, whatever the status of that.
    """
    try:
        decoder = decoder_for(HeaderMap(answer.headers).text(b"content-encoding"))
        plain = decoder.feed(body) if decoder is not None else body
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's errors begin there
            return translation.error(answer.status, plain)
        if stream:
            return answer.status, translation.replay(plain, slug)
        return answer.status, translation.whole(answer.status, plain, slug)
    except (BadAnswer, CodingBroken) as error:
        if said is not None:
            raise Refused(502, "api_error", said, str(error)) from error
        raise Refused(502, "api_error", UNREADABLE, f"The provider's answer cannot be read: {error}") from error
