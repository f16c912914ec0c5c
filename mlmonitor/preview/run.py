"""The preview as a program."""

from __future__ import annotations

import signal
import threading
import webbrowser
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.expose.server import listen
from mlmonitor.preview.server import App

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.preview.source import Source

HOST: Final = "127.0.0.1"


def serve(
    dashboards: Sequence[dict[str, Any]],
    source: Source,
    scrape: float,
    port: int,
    tell: Callable[[str], Any],
    *,
    opens: bool = False,
) -> None:
    """Serve the page until the program is interrupted or terminated.

    Args:
        dashboards: as Grafana saves them.
        source: the Prometheus that is asked.
        scrape: seconds between two scrapes.
        port: where to listen; 0 takes a free one.
        tell: is told the address.
        opens: whether to open it in the browser, too.

    Raises:
        MlmonitorError: the port cannot be had.
    """
    server = listen(HOST, port, App(dashboards, source, scrape))
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    count = f"{len(dashboards)} dashboard{'s' if len(dashboards) != 1 else ''}"
    address = f"http://{HOST}:{server.server_port}/"
    tell(f"{count} of {source.url} on {address} (Ctrl-C ends it)")
    if opens:
        webbrowser.open(address)
    try:
        done.wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        server.server_close()
