"""Jobs of AI agents: how they are queued and run, what they cost, and what a person decides of them."""
