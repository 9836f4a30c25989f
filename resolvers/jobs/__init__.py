"""Queued work: claimed, due, finished, and removed when it is old."""
