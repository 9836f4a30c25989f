"""Webhooks: the handler of deliveries, and the sending of them to addresses that nobody vouches for."""
