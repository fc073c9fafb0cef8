"""HTTP/1.1 in asyncio, as little of it as load needs: connections that are kept, JSON."""

import asyncio
import json
from urllib.parse import urlsplit

# How long an answer may take: the 10 s that a request has, and what a busy machine adds.
ANSWER_SECONDS = 13


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    def code(self):
        """Why it was refused; none, unless it was in so many words."""
        said = self.json()
        return said.get("code") if isinstance(said, dict) else None


class Site:
    """Requests to one address, over connections that are kept."""

    def __init__(self, base):
        place = urlsplit(base)
        self.host, self.port, self.idle = place.hostname, place.port, []

    async def call(self, method, path, body=None, headers=()):
        """The answer. Fails with OSError or a timeout: then nothing is known."""
        return await asyncio.wait_for(self._call(method, path, body, headers), ANSWER_SECONDS)

    def connection(self):
        """One that is kept, and that the other side has not closed meanwhile."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _call(self, method, path, body, headers):
        reader, writer = self.connection() or \
            await asyncio.open_connection(self.host, self.port)
        kept = False
        try:
            content = b"" if body is None else json.dumps(body).encode()
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}",
                     f"Content-Length: {len(content)}", "Content-Type: application/json",
                     *(f"{name}: {value}" for name, value in headers)]
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            answer, kept = await read(reader)
            return answer
        finally:
            if kept:
                self.idle.append((reader, writer))
            else:
                writer.close()


async def read(reader):
    """The answer, and whether the connection can be used again."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines if line)}
        length = headers.get("content-length")
        if length is not None:
            body = await reader.readexactly(int(length))
        elif headers.get("transfer-encoding") == "chunked":
            body = await chunks(reader)
        else:
            body = await reader.read()
        keep = length is not None and headers.get("connection", "").lower() != "close"
        return Answer(int(first.split(" ")[1]), headers, body), keep
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise OSError(f"no whole answer: {error}") from error


async def chunks(reader):
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
