"""Translation between protocols, through one canonical conversation."""

from codevector_daemon.dialects.translation.between import Translated, Translation, between
from codevector_daemon.dialects.translation.events import BadAnswer, Failure
from codevector_daemon.dialects.translation.foreign import without_foreign_thoughts
from codevector_daemon.dialects.translation.translator import Translator

__all__ = [
    "BadAnswer",
    "Failure",
    "Translated",
    "Translation",
    "Translator",
    "between",
    "without_foreign_thoughts",
]
