"""The contract of the graph: what changed since the last release, and what of it may."""
