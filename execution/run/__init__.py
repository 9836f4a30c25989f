"""Runs: a plan executed level by level, and its values completed as the specification says."""
