"""What the routes cost, as the guide has it: a table that follows from their operations."""

from collections.abc import Iterator

from resolvers.downloads import DOWNLOADS
from resolvers.lists.page_window import DEFAULT_PAGE, LARGEST_PAGE
from rest_shim.route import Route, Shows
from rest_shim.routes import ROUTES
from schema.graph import EXECUTOR
from schema.operations import OPERATIONS

HEAD = ("Request", f"Cost; of a list with `limit` {DEFAULT_PAGE}", f"With `limit` {LARGEST_PAGE}")


def cost_rows() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each operation of each path: its requests, what one costs, and what its largest page costs."""
    methods: dict[tuple[str, str], list[Route]] = {}
    for route in ROUTES:
        methods.setdefault((route.path, route.operation), []).append(route)
    for (path, _), routes in methods.items():
        named = " ".join((", ".join(route.method for route in routes), path))
        largest = str(cost_of(routes[0], LARGEST_PAGE)) if routes[0].shows is Shows.PAGE else ""
        yield f"`{named}`", str(cost_of(routes[0])), largest
    for path, download in sorted(DOWNLOADS.items()):
        yield f"`GET {path}`", str(download.cost), ""


def cost_of(route: Route, limit: int = DEFAULT_PAGE) -> int:
    """Return what a request costs by itself: without filters, the number of a page, and a large body."""
    paged = {"first": limit, "counted": False} if route.shows is Shows.PAGE else {}
    return EXECUTOR.cost(OPERATIONS[route.operation], paged).analysis.cost
