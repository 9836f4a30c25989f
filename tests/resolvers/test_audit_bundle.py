"""Bundles of the audit log: somebody who has the public key alone sees whatever was done to one."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from resolvers.audit.bundle import Bundle, check
from resolvers.audit.bundle_writer import write_bundle
from resolvers.audit.chain import public_keys
from resolvers.audit.entries import canonical, new_entry
from resolvers.changes import write as changes
from resolvers.database.runtime import Runtime
from resolvers.jobs.claims import context_of
from resolvers.keyring import Keyring
from tests.support.audit import SIGNING, bundle, entry_of, erased, sealed
from tests.support.audit_tamperings import TAMPERINGS, Tampering, Value
from tests.support.jobs import rows, runtime_of
from tests.support.servers import Backends

KEYS = public_keys(SIGNING)


@pytest.fixture(scope="module", name="runtime")
async def shared(backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime over the session's database: each test has an organization of its own."""
    async with runtime_of(backends) as made:
        yield made


def parsed(lines: list[bytes]) -> list[Value]:
    return [orjson.loads(line) for line in lines]


def written(values: list[Value]) -> list[bytes]:
    return [canonical(value) + b"\n" for value in values]


async def test_a_whole_log(runtime: Runtime, org: UUID) -> None:
    before = await sealed(runtime, org, 3)
    assert before.head is not None
    lines = await bundle(runtime, org)
    assert len(lines) == 5
    assert check(lines, KEYS, before.head, org) == Bundle(org, (1, 3), 0, before.head, 3, None)
    shown = parsed(lines)[2]
    assert shown["changes"] == {"name": ["Zoe", "Zoë"]}
    assert shown["entry"]["sequence"] == 2
    # A head that was kept before the log grew is in it still; from one reading to the next nothing changes.
    await sealed(runtime, org, 2)
    assert check(await bundle(runtime, org), KEYS, before.head).failure is None
    assert await bundle(runtime, org) == await bundle(runtime, org)


async def test_it_can_be_recomputed_from_what_the_readme_says(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 2)
    start, *entries, end = parsed(await bundle(runtime, org))
    chain = bytes.fromhex(start["before"])
    assert chain == bytes(32)
    for line in entries:
        text = orjson.dumps(line["changes"], option=orjson.OPT_SORT_KEYS)
        assert hashlib.sha256(bytes.fromhex(line["salt"]) + text).hexdigest() == line["entry"]["digest"]
        leaf = hashlib.sha256(orjson.dumps(line["entry"], option=orjson.OPT_SORT_KEYS)).digest()
        chain = hashlib.sha256(chain + leaf).digest()
    assert end["head"] == {"hash": chain.hex(), "orgId": str(org), "sequence": 2, "type": "counterfoil-audit-head"}


@pytest.mark.parametrize(("first", "last", "lines"), [(1, 2, 7), (2, 3, 6), (2, 2, 6), (5, 5, 3), (3, None, 5)])
async def test_a_range(runtime: Runtime, org: UUID, first: int, last: int | None, lines: int) -> None:
    early = await sealed(runtime, org, 2)
    late = await sealed(runtime, org, 3)
    made = await bundle(runtime, org, first, last)
    assert len(made) == lines
    assert check(made, KEYS, late.head) == Bundle(org, (first, last or 5), 0, late.head, 3, None)
    # A head that was kept before the range says nothing of it, unless it is what the range follows.
    failure = check(made, KEYS, early.head).failure
    if first <= 3:
        assert failure is None
    else:
        assert failure == "the kept head 2 comes before the bundle, which begins after 4"


async def test_the_entries_of_another_range_are_not_shown(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 4)
    values = parsed(await bundle(runtime, org, 2, 3))
    assert [sorted(value) for value in values[1:-1]] == [
        ["changes", "entry", "salt"], ["changes", "entry", "salt"], ["leaf", "sequence"],
    ]  # fmt: skip


async def test_what_was_erased_is_accounted_for_also_by_an_erasure_after_the_range(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 3)
    assert await erased(runtime, org, await entry_of(runtime, org, 2)) == 1
    for last in (None, 2):
        lines = await bundle(runtime, org, 1, last)
        found = check(lines, KEYS)
        assert (found.shown, found.erased, found.failure) == ((1, last or 4), 1, None)
        shown = parsed(lines)[2]
        assert (shown["salt"], shown["changes"]) == (None, None)
        # Without the erasure's entry there is none: its leaf alone says nothing.
        values = parsed(lines)
        entry = values[-2]["entry"]
        leaf = {"leaf": hashlib.sha256(canonical(entry)).hexdigest(), "sequence": 4}
        gone = "the changes of entry 2 are gone, and no sealed entry records their erasure"
        assert check(written([*values[:-2], leaf, values[-1]]), KEYS).failure == gone


@pytest.fixture(scope="module")
async def originals(runtime: Runtime) -> tuple[UUID, list[bytes], list[bytes]]:
    """An organization with its bundle, and another one's."""
    org, other = uuid4(), uuid4()
    for each in (org, other):
        await sealed(runtime, each, 3)
    return org, await bundle(runtime, org), await bundle(runtime, other)


@pytest.mark.parametrize(("tamper", "failure"), TAMPERINGS.values(), ids=TAMPERINGS)
async def test_tampering_is_found(
    originals: tuple[UUID, list[bytes], list[bytes]],
    tamper: Tampering,
    failure: str,
) -> None:
    org, lines, others = originals
    values = parsed(lines)
    tamper(values, parsed(others))
    assert check(written(values), KEYS, None, org).failure == failure
    assert check(lines, KEYS, None, org).failure is None


@pytest.mark.parametrize(
    ("old", "new", "failure"),
    [
        (b'{"changes":', b'{"changes":{"name":["Zoe","Bob"]},"changes":', "line 3 is not in canonical form"),
        (b'"Zoe"', b'"\\u005aoe"', "line 3 is not in canonical form"),
        (b'":', b'": ', "line 3 is not in canonical form"),
        (b"}\n", b"} \n", "line 3 is not in canonical form"),
        (b"}\n", b"\n", "line 3 is not JSON"),
        (b"{", b"[" * 100_000, "line 3 is not JSON"),
        (b"Zoe", b"\xff", "line 3 is not JSON"),
    ],
)
async def test_there_is_one_spelling(
    originals: tuple[UUID, list[bytes], list[bytes]], old: bytes, new: bytes, failure: str
) -> None:
    lines = list(originals[1])
    assert old in lines[2]
    lines[2] = lines[2].replace(old, new, 1)
    assert check(lines, KEYS).failure == failure


async def test_a_chain_that_was_cut_short_does_not_reach_a_kept_head(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 2)
    short = await bundle(runtime, org)
    kept = (await sealed(runtime, org, 2)).head
    assert check(short, KEYS).failure is None
    assert check(short, KEYS, kept).failure == "the chain ends at 2, before the kept head 4"
    assert check(await bundle(runtime, org), KEYS, (3, "00" * 32)).failure == "entry 3 is not the kept head"


async def test_another_key_than_the_published_one_is_refused(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 1)
    lines = await bundle(runtime, org)
    assert check(lines, public_keys(Keyring({3: bytes(32)}))).failure == "the head's signature is not that of key 3"
    assert check(lines, {}).failure == "the head is signed by key 3, whose public key was not given"
    # The key that signed is enough; those before and after it are not needed.
    assert check(lines, {3: KEYS[3]}).failure is None


async def test_a_log_that_does_not_hold_gets_no_head(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 2)
    await rows(runtime, org, "delete from audit_changes where org_id = $1", org)
    lines: list[bytes] = []
    found = await write_bundle(runtime, org, SIGNING.current, lines.append)
    assert found.failure is not None
    assert [line for line in parsed(lines) if "head" in line] == []


async def test_every_kind_of_value_survives(runtime: Runtime, org: UUID) -> None:
    form: Value = {"é": [1, -0.0, 1e16, 1.5e-7, 2**53, True, None, "\u2028", {"b": [], "a": {}}]}
    entry = new_entry("order:create", {}, {"form_data": form, "notes": 'line\nbreak \\ "quoted"', "total": 2**62})
    ctx = context_of(runtime, org, org)
    async with ctx.transaction():
        await changes.write_entries(ctx, [(entry, org)])
    await sealed(runtime, org, 1)
    assert check(await bundle(runtime, org), KEYS).failure is None


def test_the_check_needs_no_database() -> None:
    source = Path(check.__code__.co_filename).read_text(encoding="utf-8")
    assert [line for line in source.splitlines() if "import" in line and ("runtime" in line or "context" in line)] == []
