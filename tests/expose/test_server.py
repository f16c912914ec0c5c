from __future__ import annotations

import select
import socket
import time
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor.errors import MlmonitorError
from mlmonitor.expose import register, server, start_server, wsgi_app
from tests.expose.sources import counts, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    register(counts(seed=1), made)
    return made


def test_metrics_are_served_on_any_path_until_shut_down(capfd: pytest.CaptureFixture[str]) -> None:
    server, thread = start_server(0, registry=registry())
    assert thread.daemon
    for path in ("", "metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{path}") as answer:
            assert parsed(answer.read())
    server.shutdown()
    server.server_close()
    thread.join(5)
    assert not thread.is_alive()
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_one_clear_sentence() -> None:
    server, _ = start_server(0, "127.0.0.1", registry())
    port = server.server_port
    with pytest.raises(MlmonitorError, match=rf"^127\.0\.0\.1:{port}: .*in use.*choose another"):
        start_server(port, "127.0.0.1", registry())
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("port", "addr"), [(70_000, "127.0.0.1"), (0, "203.0.113.1")])
def test_a_place_that_cannot_be_had_is_one_clear_sentence(port: int, addr: str) -> None:
    with pytest.raises(MlmonitorError, match=rf"^{addr}:{port}: nothing can be served there"):
        start_server(port, addr, registry())


def test_an_ipv6_address_is_served() -> None:
    try:
        server, _ = start_server(0, "::1", registry())
    except MlmonitorError:
        pytest.skip("this machine has no IPv6")
    with urllib.request.urlopen(f"http://[::1]:{server.server_port}/metrics") as answer:
        assert parsed(answer.read())
    server.shutdown()
    server.server_close()


def _asked(port: int) -> bytes:
    """What is answered, where an answer comes before the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        with suppress(ConnectionError):
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with suppress(ConnectionError):
            return one.makefile("rb").read()
    return b""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(server._Server, "connections", 2)
    running, thread = start_server(0, "127.0.0.1", registry())
    yield running.server_port
    running.shutdown()
    running.server_close()
    thread.join(10)


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.0\r\nA: b\r\n"])
def test_a_request_that_comes_byte_by_byte_is_given_up(
    served: int, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server._QuietHandler, "timeout", 0.5)
    with socket.create_connection(("127.0.0.1", served), timeout=10) as one:
        one.sendall(sent)
        begun, ended = time.monotonic(), False
        while not ended and time.monotonic() < begun + 10:
            time.sleep(0.05)
            with suppress(ConnectionError):
                one.sendall(b"a")
                ended = bool(select.select([one], [], [], 0)[0])
        assert ended
        with suppress(ConnectionError):
            assert not one.recv(100)
    assert _asked(served).startswith(b"HTTP/1.0 200")


def test_more_connections_than_threads_are_told_to_come_again(served: int) -> None:
    idle = [socket.create_connection(("127.0.0.1", served), timeout=10) for _ in range(2)]
    with socket.create_connection(("127.0.0.1", served), timeout=10) as third:
        assert third.makefile("rb").read().startswith(b"HTTP/1.0 503 Service Unavailable\r\n")
    for one in idle:
        one.close()
    deadline = time.monotonic() + 10
    while not _asked(served).startswith(b"HTTP/1.0 200"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_many_clients_may_wait_until_they_are_accepted() -> None:
    with server.listen("127.0.0.1", 0, wsgi_app(registry())) as bound:
        waiting = [
            socket.create_connection(("127.0.0.1", bound.server_port), timeout=2) for _ in range(60)
        ]
        for one in waiting:
            one.close()
