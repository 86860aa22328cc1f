"""The kinds of upstream services, and what a kind means for the calls to one provider."""

from codevector_daemon.directory.kinds.calls import (
    COUNT,
    address,
    base_url,
    costs_nothing,
    credential_headers,
    endpoint,
    kind_of,
    list_endpoint,
    probe_endpoint,
    settings_headers,
    url,
)
from codevector_daemon.directory.kinds.table import KINDS
from codevector_daemon.directory.kinds.values import DIALECTS, Auth, Endpoint, Header, Kind

__all__ = [
    "COUNT",
    "DIALECTS",
    "KINDS",
    "Auth",
    "Endpoint",
    "Header",
    "Kind",
    "address",
    "base_url",
    "costs_nothing",
    "credential_headers",
    "endpoint",
    "kind_of",
    "list_endpoint",
    "probe_endpoint",
    "settings_headers",
    "url",
]
