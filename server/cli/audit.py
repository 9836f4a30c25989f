"""The bodies of the commands on the audit log."""

import argparse
import base64
from collections.abc import Mapping
from pathlib import Path
from string import hexdigits

from models.organizations import ORGANIZATION
from models.typeid import decode, decode_suffix, encode, prefix_of
from resolvers.audit import bundle as audit_bundle
from resolvers.audit import bundle_writer
from resolvers.audit import erase as audit_erase
from resolvers.audit import verify as audit_verify
from resolvers.audit.chain import KeptHead, public_keys
from resolvers.audit.verify import Verification
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from server.cli.console import say
from server.cli.data import context_of, data_settings, run_work, settings_here
from server.drafts import drafted
from server.errors import CommandError, SettingsError, WrongCall
from server.settings import SigningSettings
from server.settings_values import keyring


def print_key(_arguments: argparse.Namespace) -> int:
    """Print the public key of each version of SIGNING_KEYS, as `audit verify --key` takes them."""
    settings = settings_here(SigningSettings, "SIGNING_KEYS")
    made = public_keys(settings.signing_keys)
    say(",".join(f"{version}:{base64.b64encode(key).decode()}" for version, key in sorted(made.items())))
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Verify an organization's log, or a bundle of one, and print its head. Raises CommandError when it is broken."""
    if (arguments.bundle is None) != (arguments.key is None):
        raise WrongCall("--bundle and --key go together: a file, and what `audit key` printed")
    if arguments.bundle is not None:
        return _verify_bundle(arguments)
    if arguments.org is None:
        raise WrongCall("name an organization with --org, or a file with --bundle")
    kept_head = _head(arguments.head)

    async def work(runtime: Runtime) -> tuple[Context, Verification]:
        ctx = await context_of(runtime, arguments.org)
        return ctx, await audit_verify.verify(runtime, ctx.org_id, kept_head)

    ctx, found = run_work(work)
    say(f"organization {encode(ORGANIZATION.prefix, ctx.org_id)}")
    say(f"sealed {found.sealed}, unsealed {found.unsealed}, erased {found.erased}")
    if found.head is not None:
        say(f"head {found.head[0]}:{found.head[1]}")
    if found.failure is not None:
        raise CommandError(f"the audit log is not intact: {found.failure} (org_id {ctx.org_id})")
    return 0


def _verify_bundle(arguments: argparse.Namespace) -> int:
    keys, kept_head, org_id = _public_keys(arguments.key), _head(arguments.head), None
    if arguments.org is not None:
        org_id = decode(ORGANIZATION.prefix, arguments.org)
        if org_id is None:
            raise WrongCall("--org: must be an id such as org_…, for a bundle knows no slug")
    with Path(arguments.bundle).open("rb") as lines:
        found = audit_bundle.check(lines, keys, kept_head, org_id)
    if found.failure is not None:
        raise CommandError(f"the bundle is not intact: {found.failure}")
    assert found.org_id is not None
    assert found.head is not None
    say(f"organization {encode(ORGANIZATION.prefix, found.org_id)}")
    say(f"entries {found.shown[0]} to {found.shown[1]}, erased {found.erased}" if found.shown else "no entries")
    say(f"head {found.head[0]}:{found.head[1]}, signed by key {found.key_version}")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Write a bundle of an organization's log. Raises CommandError, and writes none, when the log is not intact."""
    first = _number(getattr(arguments, "from"), "--from") or 1
    last = _number(arguments.to, "--to")
    if last is not None and last < first:
        raise WrongCall("--to must not be less than --from")
    out = Path(arguments.out)
    if not out.name:
        raise WrongCall("--out: must name a file")
    settings = data_settings()
    if settings.signing_keys is None:
        raise SettingsError(f"SIGNING_KEYS is missing: {SigningSettings.model_fields['signing_keys'].description}")
    signing_key = settings.signing_keys.current

    with drafted(out) as write:

        async def work(runtime: Runtime) -> Verification:
            ctx = await context_of(runtime, arguments.org)
            return await bundle_writer.write_bundle(runtime, ctx.org_id, signing_key, write, first, last)

        found = run_work(work, settings)
        if found.failure is not None:
            raise CommandError(f"the audit log is not intact, and nothing was exported: {found.failure}")
        if found.sealed < (last or first):
            raise CommandError(f"nothing was exported: the sealed log ends at {found.sealed}")
    say(f"entries {first} to {last or found.sealed}, unsealed {found.unsealed}")
    if found.head is not None:
        say(f"head {found.head[0]}:{found.head[1]}, signed by key {signing_key[0]}")
    return 0


def erase(arguments: argparse.Namespace) -> int:
    """Erase what the log holds of a resource, and print of how many entries."""
    target = decode_suffix(arguments.target.rpartition("_")[2]) if prefix_of(arguments.target) else None
    if target is None:
        raise WrongCall("--target: must be a resource's id such as client_…, or an entry's such as audit_…")

    async def work(runtime: Runtime) -> int:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            return await audit_erase.erase(ctx, target)

    say(f"erased {run_work(work)}")
    return 0


def _head(text: str | None) -> KeptHead | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not (_is_number(number) and len(digest) == 64 and set(digest) <= set(hexdigits)):
        raise WrongCall("--head: must be a number, a colon and 64 hexadecimal digits, as `audit verify` prints it")
    return int(number), digest.lower()


def _number(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    if not _is_number(text):
        raise WrongCall(f"{option}: must be the number of an entry, from 1 on")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19 and int(text) > 0


def _public_keys(text: str) -> Mapping[int, bytes]:
    try:
        return keyring(text).keys
    except ValueError as error:
        raise WrongCall(f"--key: {error}") from None
