from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codevector_daemon.dialects.base import Dialect
from codevector_daemon.dialects.chat import ChatDialect
from codevector_daemon.dialects.messages import MessagesDialect

by_name: Final[Mapping[str, Dialect]] = MappingProxyType(
    {dialect.name: dialect for dialect in (ChatDialect(), MessagesDialect())}
)
"""Every dialect spoken here, by its name in settings, rows and flags."""
