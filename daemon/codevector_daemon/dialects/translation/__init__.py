"""Translation between protocols, through one canonical conversation."""

from codevector_daemon.dialects.translation.between import CURSOR, Translated, Translation, between, is_responses_shaped
from codevector_daemon.dialects.translation.events import BadAnswer, Failure
from codevector_daemon.dialects.translation.foreign import without_foreign_thoughts
from codevector_daemon.dialects.translation.translator import Translator

__all__ = [
    "CURSOR",
    "BadAnswer",
    "Failure",
    "Translated",
    "Translation",
    "Translator",
    "between",
    "is_responses_shaped",
    "without_foreign_thoughts",
]
