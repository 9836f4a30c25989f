"""AI agents: their definitions, their jobs and what a person decides of them."""
