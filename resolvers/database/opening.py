"""How a transaction begins: in the same round trip as its first statement, by messages that come before it."""

import struct
from dataclasses import dataclass
from uuid import UUID

COMMIT = "commit"
# The unnamed portal, and all its rows.
_EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
_SHORT, _LONG = struct.Struct(">h").pack, struct.Struct(">i").pack


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a transaction of one organization.

    ``begin`` is the ``begin`` statement, and ``config`` (",set_config(…)") what the transaction sets beside the
    organization. ``again`` is whether ``config`` is one of few, so that it is worth to be prepared.
    """

    begin: str
    config: str
    org_id: UUID
    again: bool = True

    @property
    def sql(self) -> str:
        """Return it as SQL without parameters, to be run by itself."""
        return f"{self.begin};select set_config('app.org_id','{self.org_id}',true){self.config}"


class Openings:
    """The openings that one connection has prepared, as messages of PostgreSQL's extended protocol.

    They are sent before the messages of a statement, without a Sync of their own. Each statement of an opening returns
    no row, so that all rows that the server sends are those of the statement. ``unproven`` is whether messages prepare
    what the server has not answered for yet.
    """

    __slots__ = ("_messages", "_names", "unproven")

    def __init__(self) -> None:
        self.unproven = False
        self._names: dict[str, bytes] = {}
        self._messages: dict[tuple[str, str, bool], tuple[bytes, bytes]] = {}

    def messages(self, opening: Opening, *, commit: bool) -> bytes:
        """Return the messages that open a transaction, with ``commit`` after the one that is open. What is not prepared
        yet is prepared by them: where no transaction is open afterwards, that is not known."""
        org_id, key = str(opening.org_id).encode(), (opening.begin, opening.config, commit)
        known = self._messages.get(key)
        if known is not None:
            before, after = known
            return before + org_id + after
        steps: list[tuple[str, list[bytes]]] = [(opening.begin, []), (_quiet(opening.config), [org_id])]
        if commit:
            steps.insert(0, (COMMIT, []))
        # Each is prepared right before it runs: a transaction must begin before a select is prepared, in a snapshot.
        sent = b"".join(self._prepared(text) + self._run(text, given) for text, given in steps)
        before, _, after = b"".join(self._run(text, given) for text, given in steps).partition(org_id)
        self._messages[key] = before, after
        return sent

    def _prepared(self, text: str) -> bytes:
        """Return the Parse message of a statement that is not prepared yet."""
        if text in self._names:
            return b""
        self.unproven = True
        name = self._names[text] = b"opening_%d" % len(self._names)
        return _message(b"P", b"%b\0%b\0" % (name, text.encode()) + _SHORT(0))

    def _run(self, text: str, parameters: list[bytes]) -> bytes:
        """Return the Bind and Execute messages of a statement: its parameters are texts, and it returns no rows."""
        values = b"".join(_LONG(len(each)) + each for each in parameters)
        bound = b"\0%b\0" % self._names[text] + _SHORT(0) + _SHORT(len(parameters)) + values + _SHORT(0)
        return _message(b"B", bound) + _EXECUTE


def _quiet(config: str) -> str:
    """Return a statement that sets what an opening does, for the organization that is its parameter."""
    return f"select 1 where concat(set_config('app.org_id',$1,true){config}) is null"


def _message(message_type: bytes, content: bytes) -> bytes:
    return message_type + _LONG(len(content) + 4) + content
