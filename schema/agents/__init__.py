"""AI agents in the graph: their definitions, their jobs and the steps of these."""
