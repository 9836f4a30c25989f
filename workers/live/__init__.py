"""What a process tells live feeds, and hears for them."""
