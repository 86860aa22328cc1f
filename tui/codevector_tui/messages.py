"""What the parts of the monitor tell each other."""

from dataclasses import dataclass

from textual.message import Message

from codevector_tui.viewmodel.link import Link


@dataclass
class LinkChanged(Message):
    """The connection changed or brought news; a newer one makes an older one needless."""

    link: Link

    def can_replace(self, message: Message) -> bool:
        """Replace an older state of the link that nobody has looked at."""
        return isinstance(message, LinkChanged)
