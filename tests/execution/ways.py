"""The ways to run the zoo's documents: with and without awaiting, by resolvers and in batches."""

import os

from execution import resolver_fields
from tests.execution.zoo import ASYNC, SYNC, TWICE, batched, make

# Documents for each of the four ways to run, shared by both kinds of fields: a release is checked with 5,000 and more.
COUNT = int(os.environ.get("COUNTERFOIL_DOCUMENTS", "200"))
CALM, RESTLESS, NESTED = make(SYNC), make(SYNC + ASYNC), make(SYNC + ASYNC + TWICE)
WAYS = {
    "sync": (CALM, resolver_fields, True),
    "sync batched": (CALM, batched, True),
    "async": (NESTED, resolver_fields, False),
    "async batched": (NESTED, batched, False),
}
