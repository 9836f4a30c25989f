"""Collections: the rows of each resource, as everybody reaches them, and how fields load them."""
