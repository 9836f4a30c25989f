"""Subscriptions: what can be heard of, and how each event is answered once for all who asked the same."""
