"""The command line: `counterfoil`, or `python -m server.cli`."""
