"""Makes a mongod on 127.0.0.1 a replica set of its own, and tells when it is primary.

    mongo_initiate.py PORT

Exit status 0: it is primary, and takes writes. 1: not yet, so ask again. There is no
shell beside the server, and two commands are all this takes: so they are written
here, in MongoDB's OP_MSG, with the standard library only.
"""

import socket
import struct
import sys

NAME = "rs0"
OP_MSG = 2013


def bson(document):
    """A document of strings, 32-bit integers, documents and lists."""
    body = b""
    for name, value in document.items():
        kind, data = element(value)
        body += kind + name.encode() + b"\0" + data
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def element(value):
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return b"\x02", struct.pack("<i", len(text)) + text
    if isinstance(value, int):
        return b"\x10", struct.pack("<i", value)
    if isinstance(value, list):
        return b"\x04", bson({str(place): item for place, item in enumerate(value)})
    return b"\x03", bson(value)


def command(server, document):
    """The bytes of the reply: what is asked of them can be seen in them."""
    # No flags, and one section of kind 0: the command itself.
    message = struct.pack("<iB", 0, 0) + bson({**document, "$db": "admin"})
    server.sendall(struct.pack("<iiii", len(message) + 16, 1, 0, OP_MSG) + message)
    reply = server.makefile("rb")
    (length,) = struct.unpack("<i", reply.read(4))
    return reply.read(length - 4)


def main(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as server:
        hello = command(server, {"hello": 1})
        if b"\x08isWritablePrimary\0\x01" in hello:
            return 0
        if b"\x02setName\0" not in hello:
            member = {"_id": 0, "host": f"127.0.0.1:{port}"}
            reply = command(server, {"replSetInitiate": {"_id": NAME, "members": [member]}})
            if b"\x01ok\0" + struct.pack("<d", 1) not in reply:
                print("replSetInitiate:", reply, file=sys.stderr)
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main(int(sys.argv[1])))
    except (OSError, struct.error) as error:
        sys.exit(f"mongo_initiate: {error}")
