"""Webhook endpoints and their deliveries in the graph."""
