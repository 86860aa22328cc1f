"""A database's address as it may be shown."""

import sqlalchemy as sa

_HIDDEN = "hidden"
_FILE = "sqlite:"


def shown_address(url: str) -> str:
    """Return a database's address without its secrets; that of a file has none."""
    if url.startswith(_FILE):
        return url
    address = sa.make_url(url)
    secrets = {name: _HIDDEN for name in address.query if "password" in name.lower()}
    return address.update_query_dict(secrets).render_as_string(hide_password=True)
