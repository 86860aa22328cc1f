"""The one error tree.

CodeVectorError
├── SettingsError            config.toml or the environment cannot be used
├── StartError               the daemon cannot start here (home, port, socket, another daemon)
├── StoreError               the database
│   ├── StoreRefused         locked too long, full, gone: try again later
│   │   └── StoreHeld        locked on purpose, for a moment: go round it
│   ├── StoreCorrupt         not a database, or damaged
│   └── StoreTooNew          written by a newer version
├── Refused                  the gateway's own answer to a call (status, type, code: the contract's table)
├── UpstreamError            a provider could not be used
│   ├── UpstreamUnreachable  no connection: nothing was sent
│   ├── UpstreamTimeout      the first byte came too late
│   └── UpstreamBroken       the connection broke after something was sent
└── DirectoryError           administration: what was asked cannot be done (code, message, hint)
"""


class CodeVectorError(Exception):
    """Any failure with a message meant for people: what, where, and what to do."""


class SettingsError(CodeVectorError):
    """A setting cannot be used; the message names file, line and what was expected."""


class StartError(CodeVectorError):
    """The daemon cannot start here."""


class StoreError(CodeVectorError):
    """The database failed."""


class StoreRefused(StoreError):
    """The database cannot be written now."""


class StoreHeld(StoreRefused):
    """The database is held on purpose, for some seconds at most."""


class StoreCorrupt(StoreError):
    """The database file is damaged or no database."""


class StoreTooNew(StoreError):
    """The database was written by a newer version."""


class Refused(CodeVectorError):
    """The gateway answers a call itself: one row of the contract's error table."""

    def __init__(
        self, status: int, kind: str, code: str, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.message = message
        self.headers = headers


class UpstreamError(CodeVectorError):
    """A provider could not be used; ``name`` is the class of the failure, in rows and for the client."""

    name = "upstream_failed"


class UpstreamUnreachable(UpstreamError):
    """No connection was made; nothing was sent. ``may_pass``: the next try may find the provider back."""

    name = "upstream_unreachable"

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class UpstreamTimeout(UpstreamError):
    """The first byte of the answer came too late."""

    name = "upstream_timeout"


class UpstreamBroken(UpstreamError):
    """The connection broke after something was sent."""

    name = "upstream_broken"


class DirectoryError(CodeVectorError):
    """Administration asked for what cannot be done; ``code`` is stable, ``hint`` says what to do instead."""

    def __init__(self, code: str, message: str, hint: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
