from __future__ import annotations

import urllib.request

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor.errors import MlmonitorError
from mlmonitor.expose import register, start_server
from tests.expose.sources import counts, parsed


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
