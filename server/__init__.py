"""The composition root: settings, embedded servers, wiring, the ASGI application and the command line."""
