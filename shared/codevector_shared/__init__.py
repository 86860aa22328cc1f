"""What the daemon and everything a person meets in a terminal agree on."""

__version__ = "0.1.0"
