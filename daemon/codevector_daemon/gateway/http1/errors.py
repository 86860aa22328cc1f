"""What this package raises inside; the upstream's own errors are made of it at its edge."""


class BadAnswer(ValueError):
    """A provider answered with what is not HTTP/1.1, or stopped in the middle; the message says which."""
