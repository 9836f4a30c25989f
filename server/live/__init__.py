"""Subscriptions over HTTP: event streams and WebSockets, and what tells their feeds of new events."""
