"""uvicorn's HTTP protocol, with a bound and a deadline for all that one connection may hold."""

import asyncio
import math
import re
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from resolvers.errors import Refusal
from server.http import heads
from server.http.cycle import Cycle
from server.http.heads import HEAD_BYTES
from server.http.slots import always_answered, connections_exceeded, overloaded, requests_exceeded
from server.http.upgrades import Upgrades

# Trailers and chunk extensions of one body, beside what each chunk may take.
FRAMING_BYTES = 16 * 1024
FRAMING_PER_CHUNK = 64
# Requests that wait for the answer to one before them; and how many are parsed at once, by their request lines.
PIPELINED = 16
AT_ONCE = 8
_LINE = b" HTTP/1."
_METHOD = re.compile(rb"[A-Za-z_-]{1,32} ")


class BoundedProtocol(Upgrades):
    """One connection; its application is an Edge, which also answers for what is refused here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timed = True  # the first head's time runs from the beginning of the connection
        self._head_bytes, self._piece, self._framing, self._line_ended = 0, 0, 0, False
        self._refusal: Refusal | None = None
        self._unfinished = False

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._drop(len(data))
        elif not self._in_body and (self._answering() or self.flow.write_paused):
            self._hold(data)
        else:
            self._read(data)

    def _hold(self, data: bytes) -> None:
        self._held += data
        self.flow.pause_reading()

    def _read(self, data: bytes) -> None:
        """Parse what came, a few requests at a time; the rest is kept until they are answered."""
        if data.count(_LINE) <= AT_ONCE:
            self._feed(data)
        else:
            self._read_in_parts(data)
        if self._begun and not self._deaf:
            if self._head_bytes > HEAD_BYTES:
                self._refuse(heads.too_large())
            elif not self._timed and not self._answering():
                self._timed = True
                self._wait(self.timeouts.head_s)

    def _read_in_parts(self, data: bytes) -> None:
        view, start = memoryview(data), 0
        while start < len(data) and not self._deaf:
            if start and not self._in_body and self._answering():
                self._hold(data[start:])
                return
            end = start
            for _ in range(AT_ONCE + 1):
                end = data.find(_LINE, end + 1)
                if end < 0:
                    end = len(data)
                    break
            self._feed(view[start:end])
            start = end

    def _feed(self, data: bytes | memoryview) -> None:
        self._piece, self._line_ended = len(data), data[-1:] == b"\n"
        if self._in_body:
            self._framing += self._piece
        else:
            self._head_bytes += self._piece
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._stumble(error, bytes(data[:40]))
        else:
            if self._in_body:
                if self._framing > FRAMING_BYTES:
                    self._break_body()
                self._framing = max(self._framing, 0)
        if self._unfinished:
            self.unfinished.grow(self, self._piece)
        elif self._in_body or self._begun:
            self._unfinished = True
            self._hold_in(self.unfinished, self._piece)

    def on_message_begin(self) -> None:
        if self._in_body:
            return
        super().on_message_begin()
        self._begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            return  # a trailer: nothing here asks for one
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        # The parser leaves what stands after a value.
        self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self._in_body:
            return
        parser, headers = self.parser, self.headers
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        scope: Any = self.scope
        scope["method"] = method
        refusal = self._locate(scope) or heads.refused(version, method, headers)
        if self._head_bytes + self._piece > HEAD_BYTES and self._head_size() > HEAD_BYTES:
            refusal = heads.too_large()
        elif len(self.pipeline) >= PIPELINED:
            refusal = heads.malformed(f"At most {PIPELINED} requests may wait for a response.")
        elif self._exceeds and refusal is None:
            refusal = self._excess(scope)
        if refusal is not None:
            self._refusal = refusal
            raise ValueError(refusal.message)  # ends the parsing
        if parser.should_upgrade():
            if self._opens_socket(scope):
                return
            self._body_of_upgrade = heads.framing(headers)
        self._begun = self._timed = False
        self._in_body = True
        self._framing = 0
        if version != "1.1":
            scope["http_version"] = version
        app: Any = self.app
        most = self.limit_concurrency
        if most is not None and len(self.tasks) - self.slots.waiting >= most and not always_answered(scope):
            app = app.refusing(overloaded())
        elif self._address is None and not always_answered(scope):
            app = self.slots.sharing(app, app.refusing(requests_exceeded()))
        waits = self._answering()
        kept = version == "1.1" and parser.should_keep_alive() and not self._exceeds
        self.cycle = cycle = self._cycle(kept)
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))
        else:
            self._due = math.inf
            self._running = cycle
            self._start_asgi_task(cycle, app)

    def _excess(self, scope: Any) -> Refusal | None:
        """Return why a first request is refused whose address had too many connections; None where that is over."""
        self._exceeds = self._address is not None and self.slots.too_many(self._address)
        return connections_exceeded() if self._exceeds and not always_answered(scope) else None

    def _locate(self, scope: Any) -> Refusal | None:
        """Put the target's path and query into the scope."""
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            scope["path"] = ""
            return heads.malformed("Its target is not a path.")
        scope["raw_path"] = raw = url.path or b"/"
        path = raw.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["query_string"] = url.query or b""
        return None

    def _head_size(self) -> int:
        """Return how large a whole head is: what was received may hold a body, or requests before it, as well."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _cycle(self, keep_alive: bool) -> Cycle:
        cycle = Cycle(
            scope=self.scope,
            transport=self._outgoing,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,  # the Edge's is
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.slots, cycle.at_work, cycle.most = self.slots, self.tasks, self.limit_concurrency
        return cycle

    def on_chunk_header(self) -> None:
        """Take note of a chunk, at its head: the parser calls it."""
        self._framing -= FRAMING_PER_CHUNK

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body)
        cycle = self.cycle
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._body_of_upgrade or self._socket_of is not None:
            return
        self._in_body = False
        self._head_bytes = 0
        if self._unfinished:
            self._unfinished = False
            self.unfinished.let_go(self)
        cycle: Any = self.cycle
        cycle.end_body()

    def _stumble(self, error: httptools.HttpParserError, start: bytes) -> None:
        """Refuse what the parser does not read, or what was refused while it read."""
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            self._refuse(refusal)
        elif self._in_body:
            self._break_body()
        elif isinstance(error, httptools.HttpParserInvalidMethodError) and _METHOD.match(start):
            self._refuse(heads.unknown_method())
        else:
            self._refuse(heads.malformed(f"{error}."))

    def _slow_head(self) -> None:
        if self._line_ended:  # the parser reports a header where the next one begins
            self.parser.feed_data(b"x")
        self._refuse(heads.too_slow(self.timeouts.head_s))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a head with a refusal, the connection's last answer; where another is due, that one is the last."""
        self._deaf = True
        if self._answering():
            self.flow.pause_reading()
            self.cycle.keep_alive = False
            return
        scope: Any = self.scope
        path, _, query = self.url.partition(b"?")
        for name, missing in (("method", ""), ("path", path.decode("latin-1")), ("query_string", query)):
            scope.setdefault(name, missing)
        app: Any = self.app
        self.cycle = self._running = cycle = self._cycle(keep_alive=False)
        self._start_asgi_task(cycle, app.refusing(refusal, problem=True))
