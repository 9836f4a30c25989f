"""Webhooks: endpoints, their deliveries, and where these may go."""
