"""Compiles, analyzes and runs operations. Knows GraphQL; knows nothing of the domain."""
