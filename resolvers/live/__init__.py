"""Live feeds: the committed events of an organization, in the order of their commits, read once for all who listen."""
