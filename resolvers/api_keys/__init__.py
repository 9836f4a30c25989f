"""API keys: how they are made, and how one that a request brings is verified."""
