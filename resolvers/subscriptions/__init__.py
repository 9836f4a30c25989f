"""Subscriptions: their calendar, what happens by itself as time passes, their changes, and their billing."""
