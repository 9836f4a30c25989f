"""Jobs: what finds, claims, runs and ends them, whatever they are for."""
