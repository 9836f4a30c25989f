"""GraphiQL and the reference of the REST API, as `make explorer` builds them from the folder of that name."""

from server.explorer.files import BUILT, Built
from server.explorer.pages import Explorer

__all__ = ["BUILT", "Built", "Explorer"]
