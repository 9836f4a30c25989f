"""Forms and their submissions in the graph."""
