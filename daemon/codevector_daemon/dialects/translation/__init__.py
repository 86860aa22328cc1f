"""Translation between protocols, through one canonical conversation."""

from codevector_daemon.dialects.translation.between import Translated, Translation, between
from codevector_daemon.dialects.translation.events import BadAnswer
from codevector_daemon.dialects.translation.translator import Translator

__all__ = ["BadAnswer", "Translated", "Translation", "Translator", "between"]
