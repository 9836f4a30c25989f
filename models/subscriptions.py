"""Subscriptions: what an invoice may belong to."""

from models.resources import Resource

# GraphQL's own Subscription is the root of live events.
SUBSCRIPTION = Resource("subscription", type_name="ClientSubscription", scope=None)
