"""`counterfoil dev --reset`: what it never removes. That it starts anew is the end of `test_dev.test_a_life`."""

from pathlib import Path

import pytest

from server.dev import accounts
from server.dev.reset import remove_data
from server.errors import DevError
from tests.support.dev import Dev


@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"])
def test_a_reset_of_servers_that_are_named_is_refused(dev: Dev, name: str) -> None:
    kept = dev.folder / "servers.env"
    kept.write_text("postgres=x\n", encoding="utf-8")
    code, out, err = dev.command("dev", "--reset", **{name: "postgresql://a:b@h/x"})
    assert (code, out) == (2, "")
    assert err == (
        "counterfoil: --reset removes the data of servers that dev runs itself: "
        "unset DATABASE_URL, MIGRATION_DATABASE_URL, REDIS_URL\n"
    )
    assert kept.read_text(encoding="utf-8") == "postgres=x\n"


def test_a_reset_removes_data_elsewhere_and_no_folder_that_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SYSTEM_FOLDER", tmp_path / "system")
    ours, neighbour, foreign = tmp_path / "system" / "one", tmp_path / "system" / "two", tmp_path / "foreign"
    folder = tmp_path / "data"
    for made in (ours, neighbour, foreign, folder / "postgres", folder / "valkey", folder / "run"):
        made.mkdir(parents=True)
        (made / "file").touch()
    pointer = folder / "postgres.path"
    for wrong in (foreign, tmp_path / "system" / ".." / "foreign", tmp_path / "system", folder):
        pointer.write_text(f"{wrong}\n", encoding="utf-8")
        with pytest.raises(DevError, match="which dev did not make: remove both by hand"):
            remove_data(folder)
        assert (foreign / "file").exists()
        assert (folder / "postgres" / "file").exists()
    pointer.write_text(f"{ours}\n", encoding="utf-8")
    (folder / "demo.key").touch()
    remove_data(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["run"]
    assert sorted(path.name for path in (tmp_path / "system").iterdir()) == ["two"]
    assert (foreign / "file").exists()
    remove_data(folder)
