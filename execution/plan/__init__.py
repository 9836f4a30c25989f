"""Plans: what an operation asks of each type, compiled once."""
