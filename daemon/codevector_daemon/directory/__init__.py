"""Who may call what, and where it is served from."""

from codevector_daemon.directory.directory import Directory

__all__ = ["Directory"]
