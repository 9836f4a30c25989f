"""One module for each kind of attack; every module here is run, in the order of their names.

A module has ``SECTION``, its title, and ``async def measure(server: Target) -> list[Figure]``. It gets a server process
of its own, on a database of its own; ``SETTINGS``, where there are any, are environment variables of that server.
"""
