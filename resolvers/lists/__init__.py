"""Lists: pages, counts and filters of a collection, and their SQL."""
