"""Ports on loopback for servers that start later.

A port that was free a moment ago may be anybody's when it is bound at last: the system gives it to the next client.
One that is held here is given to nobody, refuses connections, and can still be bound by a server that sets
SO_REUSEADDR, as all do.
"""
import socket

_held = []


def hold():
    """The number of a port that is ours until this process ends."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', 0))
    _held.append(s)
    return s.getsockname()[1]
