"""Ports of test servers stay reserved, and a killed server can have them again."""

import socket

from trackyard.core.testing.server import Ports


def test_ports_are_free_for_a_server_and_reserved_among_tests() -> None:
    """The numbers differ, a server can listen there, and they are given back."""
    first, second = Ports(3), Ports(3)
    assert len({*first.numbers, *second.numbers}) == 6
    for number in first.numbers:
        with socket.socket() as server:
            server.bind(("127.0.0.1", number))
            server.listen()
    first.close()
    second.close()
