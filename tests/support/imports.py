"""Import every module of every room: ``python -m tests.support.imports``."""

import importlib

from tests.support.repository import ROOT

ROOMS = (
    "bench",
    "execution",
    "migrations",
    "models",
    "resolvers",
    "rest_shim",
    "schema",
    "server",
    "tests",
    "web",
    "workers",
)
# Alembic runs it, with a connection.
RUN = {"migrations.env"}


def modules() -> list[str]:
    """Every module's name."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if all(part.isidentifier() for part in parts) and parts[-1] != "__main__":
                found.append(".".join(parts).removesuffix(".__init__"))
    return [name for name in found if name not in RUN]


if __name__ == "__main__":
    for module in modules():
        importlib.import_module(module)
