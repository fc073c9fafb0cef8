"""Asks a Redis, or a Sentinel, on 127.0.0.1, and prints the answer, a value a line.

    redis_ask.py PORT WORD...

Exit status 1: it does not answer, or with an error.
"""

import socket
import sys


def ask(port, *words, timeout=2):
    """The answer: a text, None, or a list of such."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=timeout) as server:
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        server.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        return value(server.makefile("rb"))


def value(stream):
    line = stream.readline().decode().rstrip("\r\n")
    if not line:
        raise OSError("it has hung up")
    kind, rest = line[0], line[1:]
    if kind == "-":
        raise OSError(rest)
    if kind == "$":
        length = int(rest)
        return None if length < 0 else stream.read(length + 2)[:-2].decode()
    if kind == "*":
        return [value(stream) for _ in range(int(rest))]
    return rest


if __name__ == "__main__":
    try:
        answer = ask(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"redis_ask: {error}")
    for item in answer if isinstance(answer, list) else [answer]:
        print(item)
