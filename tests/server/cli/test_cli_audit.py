"""The commands on the audit log: exact output, exit codes, and a bundle that is checked with nothing but a key."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from models.organizations import ORGANIZATION
from models.typeid import decode, encode
from server.cli import data
from server.dev.environment import KEYS
from server.errors import SettingsError
from server.settings import Settings, SigningSettings, load
from server.wiring import running
from tests.support.commands import PUBLIC, SIGNING, environment, org, rows, run
from tests.support.servers import Backends

__all__ = ["environment", "org"]

pytestmark = pytest.mark.usefixtures("logging_restored")


def head_of(out: str) -> str:
    """The head in what was printed."""
    (found,) = [line.split()[1].rstrip(",") for line in out.splitlines() if line.startswith("head ")]
    return found


def test_a_log_that_holds_and_one_that_does_not(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "audit", "verify", "--org", "one")
    head = head_of(out)
    assert (code, out, err) == (0, f"organization {org}\nsealed 2, unsealed 1, erased 0\nhead {head}\n", "")
    assert run(capsys, "audit", "verify", "--org", org, "--head", head.upper()) == (0, out, "")
    code, out, err = run(capsys, "audit", "verify", "--org", "one", "--head", f"3:{'ab' * 32}")
    assert (code, out) == (1, f"organization {org}\nsealed 2, unsealed 1, erased 0\nhead {head}\n")
    why = f"the chain ends at 2, before the kept head 3 (org_id {decode(ORGANIZATION.prefix, org)})"
    assert err == f"counterfoil: the audit log is not intact: {why}\n"


def test_a_slug_that_leads_elsewhere_does_not_hide_the_log(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = run(capsys, "org", "create", "--name", "Two", "--slug", "two")[1].strip()
    taken = "delete from directory where key = 'one' and org_id = $1"
    given = "insert into directory values ('organization', 'one', $1)"
    asyncio.run(_as_application({taken: decode(ORGANIZATION.prefix, org), given: decode(ORGANIZATION.prefix, other)}))
    # The output says whose log it is; the id, and a kept head, lead to the right one.
    assert run(capsys, "audit", "verify", "--org", "one")[1].splitlines()[0] == f"organization {other}"
    assert run(capsys, "audit", "verify", "--org", org)[1].splitlines()[1] == "sealed 2, unsealed 1, erased 0"


async def _as_application(statements: dict[str, UUID | None]) -> None:
    """Run statements as the application's role, each in an organization."""
    async with running(load(Settings), min_size=0, max_size=1) as runtime:
        for statement, org in statements.items():
            assert org is not None
            async with runtime.bound(org) as connection:
                await connection.fetch(statement, org)


def test_the_public_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*Settings.model_fields, "migration_database_url"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path))
    monkeypatch.setenv("SIGNING_KEYS", SIGNING)
    assert run(capsys, "audit", "key") == (0, f"{PUBLIC}\n", "")
    monkeypatch.setenv("SIGNING_KEYS", f"{SIGNING},7:{base64.b64encode(bytes(range(32))).decode()}")
    code, out, _ = run(capsys, "audit", "key")
    assert (code, [part.partition(":")[0] for part in out.strip().split(",")]) == (0, ["1", "7"])
    assert SIGNING.partition(":")[2] not in out
    monkeypatch.delenv("SIGNING_KEYS")
    code, out, err = run(capsys, "audit", "key")
    # It needs nothing of a `dev`, and says nothing of one.
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("counterfoil: SIGNING_KEYS is missing: Ed25519 keys")


def test_what_is_set_goes_before_what_a_dev_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One key for all commands beside a `dev`: what one publishes is what another signs with."""
    key = f"1:{base64.b64encode(bytes(range(32))).decode()}"
    theirs = dict.fromkeys(KEYS, key) | {"DATABASE_URL": "postgresql://a:b@h/x", "REDIS_URL": "redis://h"}
    monkeypatch.setattr(data, "running_environment", lambda _folder: theirs)
    for name in (*theirs, "MIGRATION_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path))
    of_dev = data.data_settings()
    monkeypatch.setenv("SIGNING_KEYS", SIGNING)
    ours = data.data_settings()
    assert (ours.signing_keys, ours.database_url) == (
        data.settings_here(SigningSettings, "SIGNING_KEYS").signing_keys, of_dev.database_url,
    )  # fmt: skip
    assert ours.signing_keys != of_dev.signing_keys
    # A server that both use is that one's; another has settings of its own.
    monkeypatch.setenv("DATABASE_URL", theirs["DATABASE_URL"])
    assert data.data_settings().key_peppers == of_dev.key_peppers
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@h/y")
    with pytest.raises(SettingsError, match="KEY_PEPPERS is missing"):
        data.data_settings()


def test_a_bundle_is_checked_with_the_public_key_alone(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bundle"
    code, out, err = run(capsys, "audit", "export", "--org", "one", "--out", str(file))
    head = head_of(out)
    assert (code, out, err) == (0, f"entries 1 to 2, unsealed 1\nhead {head}, signed by key 1\n", "")
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]

    def offline(*more: str) -> tuple[int, str, str]:
        # No database, no Redis, no secrets, and a folder where nothing is.
        words = ("audit", "verify", "--bundle", str(file), "--key", PUBLIC, *more)
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            env={"PATH": os.environ["PATH"]}, capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    said = f"organization {org}\nentries 1 to 2, erased 0\nhead {head}, signed by key 1\n"
    assert offline() == (0, said, "")
    assert offline("--org", org, "--head", head) == (0, said, "")
    foreign = encode(ORGANIZATION.prefix, UUID(int=7))
    assert offline("--org", foreign) == (
        1,
        "",
        "counterfoil: the bundle is not intact: the bundle is another organization's\n",
    )
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"actorName":"command line"', b'"actorName":"nobody"', 1))
    assert file.read_bytes() != whole
    fit = "counterfoil: the bundle is not intact: the entries do not add up to the signed head\n"
    assert offline() == (1, "", fit)


def test_a_range_and_one_that_there_is_not(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bundle"
    export = ("audit", "export", "--org", org, "--out", str(file))
    code, out, _ = run(capsys, *export, "--from", "2", "--to", "2")
    assert (code, out.splitlines()[0]) == (0, "entries 2 to 2, unsealed 1")
    code, out, _ = run(capsys, "audit", "verify", "--bundle", str(file), "--key", PUBLIC)
    assert (code, out.splitlines()[1]) == (0, "entries 2 to 2, erased 0")
    kept = file.read_bytes()
    for words in (("--from", "3"), ("--to", "3")):
        said = "counterfoil: nothing was exported: the sealed log ends at 2\n"
        assert run(capsys, *export, *words) == (1, "", said)
    assert run(capsys, *export, "--from", "2", "--to", "1")[0] == 2
    for number in ("0", "-1", "one", "9" * 5000):
        code, out, err = run(capsys, *export, f"--to={number}")
        assert (code, out, err) == (2, "", "counterfoil: --to: must be the number of an entry, from 1 on\n")
    assert file.read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_log_that_does_not_hold_is_not_exported(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asyncio.run(_as_application({"delete from audit_changes where org_id = $1": decode(ORGANIZATION.prefix, org)}))
    code, out, err = run(capsys, "audit", "export", "--org", org, "--out", str(tmp_path / "bundle"))
    assert (code, out) == (1, "")
    gone = "the changes of entry 1 are gone, and no sealed entry records their erasure"
    assert err == f"counterfoil: the audit log is not intact, and nothing was exported: {gone}\n"
    assert list(tmp_path.iterdir()) == []


def test_export_needs_the_private_key(
    environment: Backends,
    org: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("SIGNING_KEYS")
    code, out, err = run(capsys, "audit", "export", "--org", org, "--out", str(tmp_path / "bundle"))
    assert (code, out, list(tmp_path.iterdir())) == (2, "", [])
    assert err.startswith("counterfoil: SIGNING_KEYS is missing: ")
    # Nobody else does.
    assert run(capsys, "audit", "verify", "--org", org)[0] == 0


def test_erasing(environment: Backends, org: str, capsys: pytest.CaptureFixture[str]) -> None:
    erase = ("audit", "erase", "--org", "one", "--target")
    assert run(capsys, *erase, org) == (0, "erased 1\n", "")
    assert run(capsys, *erase, org) == (0, "erased 0\n", "")
    assert rows(environment, "select actor_kind, source from audit_entries where action = 'audit:erase'") == [
        ("CLI", "CLI")
    ]
    code, out, _ = run(capsys, "audit", "verify", "--org", "one")
    assert (code, out.splitlines()[1]) == (0, "sealed 4, unsealed 0, erased 1")
    # One entry, by its own id.
    entry = rows(environment, "select id from audit_entries where action = 'apikey:create' order by id limit 1")[0][0]
    assert run(capsys, *erase, encode("audit", UUID(str(entry)))) == (0, "erased 1\n", "")
    code, out, _ = run(capsys, "audit", "verify", "--org", "one")
    assert (code, out.splitlines()[1]) == (0, "sealed 5, unsealed 0, erased 2")
    for target in ("client", "client_", "client_abc", org.partition("_")[2]):
        code, out, err = run(capsys, *erase, target)
        assert (code, out, err.startswith("counterfoil: --target: must be")) == (2, "", True)


def test_wrong_calls(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    file.write_bytes(b"")
    for words, said in (
        ((), "name an organization with --org, or a file with --bundle"),
        (("--bundle", str(file)), "--bundle and --key go together: a file, and what `audit key` printed"),
        (("--key", PUBLIC), "--bundle and --key go together: a file, and what `audit key` printed"),
        (("--org", "one", "--head", "3:abc"), "--head: must be a number, a colon and 64 hexadecimal digits, as"),
        (("--org", "one", "--head", f"0:{'ab' * 32}"), "--head: must be a number, a colon"),
        (("--bundle", str(file), "--key", "abc"), "--key: entry 1 must begin with a version from 1 to 32767"),
        (("--bundle", str(file), "--key", "1:AAAA"), "--key: entry 1 must be 32 bytes, not 3"),
        (("--bundle", str(file), "--key", PUBLIC, "--org", "one"), "--org: must be an id such as org_…"),
    ):
        code, out, err = run(capsys, "audit", "verify", *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"counterfoil: {said}")
    missing = ("audit", "verify", "--bundle", str(tmp_path / "none"), "--key", PUBLIC)
    assert run(capsys, *missing) == (1, "", f"counterfoil: No such file or directory: {tmp_path / 'none'}\n")
    code, out, err = run(capsys, "audit", "verify", "--bundle", str(file), "--key", PUBLIC)
    assert (code, out) == (1, "")
    assert err == "counterfoil: the bundle is not intact: the bundle ends without a signed head\n"


def test_an_organization_that_there_is_not(environment: Backends, org: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("none", encode(ORGANIZATION.prefix, UUID(int=7))):
        said = f"counterfoil: there is no organization {name}\n"
        assert run(capsys, "audit", "verify", "--org", name) == (1, "", said)
