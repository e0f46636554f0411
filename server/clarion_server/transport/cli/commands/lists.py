"""Lists of resources: the option --limit, and how a list is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import RenderableType

from clarion_server.transport.cli.listing import table

if TYPE_CHECKING:
    from clarion_client import Pager, Value

    from clarion_server.transport.cli.output import Output

V = TypeVar("V", bound="Value")

MAX_PAGE = 1_000
#: A larger limit is a mistake.
_MOST = 1_000_000_000

Limit = Annotated[int, Parameter(help="Show at most this many. 0 shows all.", validator=Number(gte=0, lte=_MOST))]


def page_size(limit: int) -> int:
    """Returns the page size for a limit. One more item than is shown tells whether there are more."""
    return min(limit + 1, MAX_PAGE) if limit else MAX_PAGE


def show_list(
    output: Output, pager: Pager[V], limit: int, columns: Mapping[str, Callable[[V], RenderableType]]
) -> None:
    """Prints the first items of a list, and a remark when there are more. Each column has the view of an item."""
    found = list(islice(pager, limit + 1)) if limit else list(pager)
    if limit and len(found) > limit:
        output.inform(f"There are more than {limit}. Use --limit to see them.")
        found.pop()
    output.show([item.to_dict() for item in found], lambda: table(found, columns))
