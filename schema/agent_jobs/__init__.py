"""Jobs of AI agents in the graph, and the steps of these."""
