"""The program itself, from its start to its end."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

from tests.preview.fakes import serving
from tests.preview.test_server import answer

if TYPE_CHECKING:
    import pytest

COMMAND = [sys.executable, "-m", "mlmonitor", "preview"]


def test_it_serves_until_it_is_terminated() -> None:
    with serving(answer=answer) as server:
        command = [*COMMAND, "--prometheus", server.url, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"(\d) dashboards of (\S+) on (http://127\.0\.0\.1:\d+/)", said)
            assert found is not None, said
            with urllib.request.urlopen(f"{found[3]}api/dashboards", timeout=10) as listed:
                assert len(json.load(listed)["dashboards"]) == int(found[1])
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_port_in_use_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--port", str(port)], check=False, timeout=60)
    assert done.returncode == 2
    told = capfd.readouterr().err
    assert f"127.0.0.1:{port}: nothing can be served there" in told
    assert told.count("\n") == 1
