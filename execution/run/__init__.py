"""Runs: a plan executed level by level, and its answer completed as the specification says."""
