"""Makes mongods on 127.0.0.1 a replica set, and tells when it takes writes.

    mongo_initiate.py PORT[=NAME]...     NAME is where the others and clients reach it:
                                         127.0.0.1 and the port, unless said otherwise
    mongo_initiate.py --answers PORT     whether this one answers, whatever it is

Exit status 0: one is primary, and all others follow it. 1: not yet, so ask again. There
is no shell beside the server, and two commands are all this takes: so they are written
here, in MongoDB's OP_MSG, with the standard library only.
"""

import socket
import struct
import sys

NAME = "rs0"
OP_MSG = 2013
# How long members of a set wait for a primary that says nothing before they elect
# another, in ms; and for any other answer of a member, in seconds.
SETTINGS = {"electionTimeoutMillis": 2000, "heartbeatTimeoutSecs": 2}


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


def ask(port, document):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as server:
        return command(server, document)


def is_primary(hello):
    return b"\x08isWritablePrimary\0\x01" in hello


def initiate(names):
    """One alone needs nobody's vote."""
    members = [{"_id": place, "host": name} for place, (_, name) in enumerate(names)]
    config = {"_id": NAME, "members": members}
    if len(names) > 1:
        config["settings"] = SETTINGS
    reply = ask(names[0][0], {"replSetInitiate": config})
    if b"\x01ok\0" + struct.pack("<d", 1) not in reply:
        print("replSetInitiate:", reply, file=sys.stderr)


def main(words):
    if words[0] == "--answers":
        ask(words[1], {"hello": 1})
        return 0
    names = [(port, name or f"127.0.0.1:{port}")
             for port, _, name in (word.partition("=") for word in words)]
    hellos = [ask(port, {"hello": 1}) for port, _ in names]
    if b"\x02setName\0" not in hellos[0]:
        initiate(names)
        return 1
    follows = [b"\x08secondary\0\x01" in hello for hello in hellos]
    primaries = sum(is_primary(hello) for hello in hellos)
    return 0 if primaries == 1 and primaries + sum(follows) == len(names) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, struct.error) as error:
        sys.exit(f"mongo_initiate: {error}")
