"""Calendar days as options."""

from datetime import date

import click


class Day(click.ParamType[str]):
    """A calendar day such as 2026-03-01."""

    name = "day"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the day and return it as it was given."""
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-03-01", param, ctx)
