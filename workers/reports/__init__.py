"""Reports: the handler that computes them, and their charts."""
