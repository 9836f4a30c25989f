"""The library that speaks MCP: loaded when somebody first asks, and running until the process ends."""

import asyncio
from contextvars import Context
from importlib import import_module
from typing import Any

# Named, and not imported: the library behind it takes half a second and much memory, which a process without MCP saves.
PROTOCOL = "server.mcp.protocol"


class McpLibrary:
    """Has the library's manager, in a task of its own: who begins its group of tasks must end it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._manager: asyncio.Future[Any] | None = None
        self._ended = asyncio.Event()

    async def manager(self) -> Any:
        """Return what handles requests."""
        if self._manager is None:
            self._manager = asyncio.get_running_loop().create_future()
            # In a context of its own: it is nobody's request.
            self._task = asyncio.create_task(self._run(self._manager), context=Context())
        return await asyncio.shield(self._manager)

    async def _run(self, begun: asyncio.Future[Any]) -> None:
        try:
            protocol = await asyncio.to_thread(import_module, PROTOCOL)
            manager = protocol.manager()
        except Exception as error:
            # Each request that waits for it, or comes later, fails with it and logs it.
            begun.set_exception(error)
            return
        async with manager.run():
            begun.set_result(manager)
            await self._ended.wait()

    async def close(self) -> None:
        """End what is running, if anything is."""
        self._ended.set()
        if self._task is not None:
            await self._task
