"""The keys that the demo was written with: with others `dev` writes nothing."""

import base64

import pytest

from server.dev.demo_key import OTHER_KEYS, require_its_keys
from server.errors import CommandError
from server.wiring import running
from tests.support.api import KEY, Org, new_client, settings_of
from tests.support.refusals import unchanged
from tests.support.servers import Backends

OTHER = base64.b64encode(bytes(range(1, 33))).decode()


async def test_a_demo_of_other_seal_keys_is_refused(acme: Org, backends: Backends) -> None:
    await new_client(acme)
    async with running(settings_of(backends, seal_keys=f"1:{OTHER}")) as runtime:
        async with unchanged(acme):
            with pytest.raises(CommandError) as refused:
                await require_its_keys(runtime, acme.slug)
        assert str(refused.value) == OTHER_KEYS
        # There is none yet, whose keys would be others.
        await require_its_keys(runtime, "nobody")


async def test_its_own_seal_keys_are_taken_and_newer_ones_beside_them(acme: Org, backends: Backends) -> None:
    for seal_keys in (KEY, f"2:{OTHER},{KEY}"):
        async with running(settings_of(backends, seal_keys=seal_keys)) as runtime:
            await require_its_keys(runtime, acme.slug)
            await new_client(acme)
