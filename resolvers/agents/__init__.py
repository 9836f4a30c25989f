"""AI agents: their definitions, and the JSON Schemas of these."""
