"""The responder as a program."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.expose.server import listen
from mlmonitor.generate.ladder import check_ladder
from mlmonitor.respond.metrics import ResponderMetrics
from mlmonitor.respond.responder import Responder
from mlmonitor.respond.runbooks import own_pages
from mlmonitor.respond.server import App
from mlmonitor.respond.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.simple_server import WSGIServer

    from mlmonitor.config import MonitoringConfig

_TICK: Final = 1.0


def serve(config: MonitoringConfig, tell: Callable[[str], Any]) -> None:
    """Serve until the program is interrupted or terminated.

    Raises:
        MlmonitorError: the configuration cannot be used, or the address cannot be had.
    """
    server, responder = started(config)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    settings = config.respond
    doing = "dry run: steps are only written down" if settings.dry_run else "steps are taken"
    host, port = settings.address[0], server.server_port
    tell(f"listening on http://{host}:{port} ({doing}); audit log in {settings.state}/audit.jsonl")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        trouble = ""
        while not done.wait(_TICK):
            trouble = _ticked(responder, trouble, tell)
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        server.server_close()
        responder.close()


def _ticked(responder: Responder, trouble: str, tell: Callable[[str], Any]) -> str:
    """Have what is due done; what keeps it from that, told once, and "" if nothing does.

    A disk that is full for a while must not end what switches to the fallback.
    """
    try:
        responder.tick()
    except (OSError, MlmonitorError) as error:
        if str(error) != trouble:
            tell(f"what is due cannot be done ({error}); it is tried again each second")
        return str(error)
    return ""


def started(config: MonitoringConfig) -> tuple[WSGIServer, Responder]:
    """The server, bound but not serving yet, and the responder behind it."""
    settings = config.respond
    check_ladder(config)
    fallbacks = {one.name: one.version for one in config.models if one.role == "fallback"}
    metrics = ResponderMetrics()
    live = dict.fromkeys(one.name for one in config.models if one.role == "live")
    metrics.expect(live, settings)
    responder = Responder(settings, fallbacks, Store(settings.state), metrics)
    app = App(responder, settings, metrics, own_pages(config))
    return listen(*settings.address, app), responder
