"""MCP at ``/mcp``: the named operations as tools of other people's agents."""
