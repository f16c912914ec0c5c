"""The demo: train, serve, monitor, let three things go wrong, and check what was found.

`make demo` ends with 0 when everything was found that had to be; `make demo-live` keeps running
and prints the addresses.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from examples.house_prices import stack, watch
from examples.house_prices.behind import explain
from examples.house_prices.inject import BY_NAME, INJECTIONS, NOTHING
from examples.house_prices.judge import Phase, judge
from examples.house_prices.keep import keep
from examples.house_prices.paging import GONE, Ports, paging, rescue, resolved
from examples.house_prices.prepare import MODEL, prepare, run_mlmonitor
from examples.house_prices.replay import Replay
from examples.house_prices.report import Story, page
from examples.house_prices.show import Show
from mlmonitor.errors import MlmonitorError
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from examples.house_prices.inject import Injection
    from examples.house_prices.judge import Verdict
    from examples.house_prices.pager import Pager
    from examples.house_prices.prepare import Prepared
    from mlmonitor.reference import Column, Reference

FOLDER: Final = Path("build") / "demo"
SWITCH: Final = "MLMONITOR_DEMO_PROMETHEUS"
SHOWN: Final = "GrLivArea"
BACK: Final = "now-3m"
START: Final = f"d/mlmonitor-data?from={BACK}&to=now&var-role=live&var-column={SHOWN}"

BASELINE_SECONDS: Final = 16.0
INJECTION_SECONDS: Final = 13.0
POLL_SECONDS: Final = 1.0


def main() -> int:
    """The command line; 0 when all went as the truth demands."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    show = Show()
    try:
        with ExitStack() as opened:
            return _run(options, show, opened)
    except (stack.StackError, MlmonitorError, subprocess.CalledProcessError) as error:
        show.failed(error)
        return 1
    except KeyboardInterrupt:
        show.interrupted()
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Show mlmonitor at work.")
    parser.add_argument("--live", action="store_true", help="keep running until Ctrl-C")
    parser.add_argument("--only", action="append", choices=BY_NAME, help="inject only this")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    return parser.parse_args()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, show: Show, opened: ExitStack) -> int:
    folder: Path = options.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = Ports.free()
    ready = prepare(
        folder,
        show,
        pager=f"{stack.HOST}:{ports.pager}",
        responder=f"{stack.HOST}:{ports.responder}",
    )
    binary, reason = _find_prometheus()
    pager = _pager(ready, folder, ports, show, opened) if binary else None
    # It starts while the service and Prometheus do, and has to wait for neither.
    dashboards = _preview(ready, folder, ports, opened) if binary else None
    breaker = ports.breaker if pager else None
    opened.enter_context(stack.service(folder, ports.service, breaker))
    address = f"http://{stack.HOST}:{ports.service}"
    show.step(f"Serving with {stack.WORKERS} worker processes on {address}")
    if binary is None:
        show.step(f"No Prometheus ({reason}): the demo computes the same statistics itself")
        watcher: watch.Watcher = watch.Embedded(
            ports.metrics, ready.reference, ready.thresholds, ready.window
        )
    else:
        watcher = _prometheus(
            ready, folder, ports,
            binary=binary, show=show, opened=opened, alerting=pager is not None,
        )  # fmt: skip
    if dashboards is not None:
        url = dashboards()
        show.step(f"Dashboards on {url}: open it while the demo runs")
        watcher.addresses = {**watcher.addresses, "dashboards": url}
    addresses = {"service": f"{address}/docs", **watcher.addresses}

    chosen = [BY_NAME[name] for name in options.only] if options.only else INJECTIONS
    replay = opened.enter_context(Replay(ports.service, ready.rows[NOTHING.name], ready.rate))
    verdicts, history = _replay(ready, chosen, replay, watcher, show, pager=pager)
    saved = _saved(verdicts, pager, ports, show)
    if saved and _has_gone(verdicts):
        saved = explain(folder, GONE, show)
    if pager is not None and saved and _has_gone(verdicts):
        replay.rows = ready.rows[NOTHING.name]
        saved = _released(ready, pager, show)
    counts = [
        watcher.counts(_alerted(ready.reference, verdict), verdict.phase.end)
        for verdict in verdicts
    ]
    story = Story(
        watcher.name, ready.reference, verdicts, history, counts, replay.sent, stack.WORKERS,
        ready.window, ready.commands,
    )  # fmt: skip
    write_atomically(folder / "report.html", page(story))
    if binary is not None:
        _snapshot(ready, folder, ports, show)
        saved = keep(folder, ready.config, show) and saved
    show.verdicts(verdicts, replay)
    show.leavings(folder, passed=story.passed and saved)
    if options.live:
        _forever(ready, replay, show, addresses)
    return 0 if story.passed and saved and not replay.failed else 1


def _pager(
    ready: Prepared, folder: Path, ports: Ports, show: Show, opened: ExitStack
) -> Pager | None:
    """Alertmanager, the pager and the responder, where an Alertmanager can be had."""
    from tests import components  # looks for programs, and may download one

    try:
        binary = components.first_alertmanager()
    except components.Unavailable as unavailable:
        show.step(f"No Alertmanager ({unavailable}): nobody is paged")
        return None
    found = opened.enter_context(paging(binary, ready, folder, ports))
    show.step(
        f"Alertmanager on http://{stack.HOST}:{ports.alertmanager}, with the generated routes"
    )
    show.step(f"mlmonitor respond on {ports.breaker}, with a fallback for a missing feature")
    return found


def _prometheus(
    ready: Prepared,
    folder: Path,
    ports: Ports,
    *,
    binary: Path,
    show: Show,
    opened: ExitStack,
    alerting: bool,
) -> watch.Watcher:
    opened.enter_context(
        stack.prometheus(
            binary,
            folder,
            target=f"{stack.HOST}:{ports.service}",
            port=ports.prometheus,
            scrape_interval=ready.scrape,
            alertmanager_port=ports.alertmanager if alerting else None,
            responder_port=ports.responder if alerting else None,
        )
    )
    url = f"http://{stack.HOST}:{ports.prometheus}"
    watcher = watch.Prometheus(url, f"{ready.window:g}s")
    show.step(f"{watcher.name} on {url}, with the generated rules")
    return watcher


def _preview(ready: Prepared, folder: Path, ports: Ports, opened: ExitStack) -> Callable[[], str]:
    """The generated dashboards in a browser; what waits until they are there, for their address."""
    program = stack.preview(ready.config, folder, ports.prometheus, ports.preview)
    wait = opened.enter_context(program)

    def address() -> str:
        wait()
        return f"http://{stack.HOST}:{ports.preview}/{START}"

    return address


def _snapshot(ready: Prepared, folder: Path, ports: Ports, show: Show) -> None:
    """Keep what the dashboards showed, for the programs end with the demo."""
    url = f"http://{stack.HOST}:{ports.prometheus}"
    command = (
        f"mlmonitor snapshot -c {ready.config} --prometheus {url} --from {BACK} --var role=live "
        f"--var column={SHOWN} -o {folder / 'dashboards.html'}"
    )
    show.command(command)
    run_mlmonitor(command)


def _find_prometheus() -> tuple[Path | None, str]:
    choice = os.environ.get(SWITCH, "")
    if choice == "none":
        return None, f"{SWITCH}=none"
    if choice:
        return Path(choice), ""
    from tests import components  # looks for programs, and may download one

    try:
        return components.first("prometheus"), ""
    except components.Unavailable as unavailable:
        return None, str(unavailable)


def _replay(
    ready: Prepared,
    chosen: Sequence[Injection],
    replay: Replay,
    watcher: watch.Watcher,
    show: Show,
    *,
    pager: Pager | None,
) -> tuple[list[Verdict], watch.History]:
    """Send normal traffic, then each injection with a rest before the next."""
    began = time.time()
    phases: list[Phase] = []
    with show.live(replay):
        for injection in (NOTHING, *chosen):
            if len(phases) > 1:
                replay.rows = ready.rows[NOTHING.name]
                _watch("Back to normal", ready.rest, watcher, show, pager)
            replay.rows = ready.rows[injection.name]
            seconds = INJECTION_SECONDS if phases else BASELINE_SECONDS
            start = time.time()
            _watch(injection.title, seconds, watcher, show, pager)
            phases.append(Phase(injection, start, time.time()))
    history = watcher.history(began, phases[-1].end)
    return [judge(phase, ready.truths[phase.injection.name], history) for phase in phases], history


def _watch(
    title: str, seconds: float, watcher: watch.Watcher, show: Show, pager: Pager | None
) -> None:
    start = time.monotonic()
    show.phase(title, seconds)
    while (passed := time.monotonic() - start) < seconds:
        show.now(passed, watcher.drifted())
        if pager is not None:
            show.paged(pager.pages)
        time.sleep(POLL_SECONDS)


def _saved(verdicts: Sequence[Verdict], pager: Pager | None, ports: Ports, show: Show) -> bool:
    """Whether nobody was paged for nothing, and a missing feature ended on the fallback."""
    if pager is None:
        return True
    too_early = [page for page in pager.pages if page.came < verdicts[0].phase.end]
    for early in too_early:
        show.wrong(f"paged though nothing had changed: {early.summary}")
    if not _has_gone(verdicts):
        return not too_early
    outcome = rescue(pager, ports)
    show.paged(pager.pages)
    show.rescued(outcome)
    return outcome.complete and not too_early


def _has_gone(verdicts: Sequence[Verdict]) -> bool:
    return any(one.truth.column == GONE for one in verdicts[-1].of("must be found"))


def _released(ready: Prepared, pager: Pager, show: Show) -> bool:
    """The feature is back, a person releases the model, and the page must end."""
    command = f"mlmonitor respond -c {ready.config} release {MODEL}"
    show.command(command)
    run_mlmonitor(command)
    over = resolved(pager)
    if over:
        show.step("The feature is back, the model is released, and the page is resolved")
    else:
        show.wrong("the page did not end, though the feature is back")
    return over


def _alerted(reference: Reference, verdict: Verdict) -> list[Column]:
    found = {(one.truth.side, one.truth.column) for one in verdict.findings if one.found}
    return [column for column in reference.columns if (column.side, column.name) in found]


def _forever(ready: Prepared, replay: Replay, show: Show, addresses: dict[str, str]) -> None:
    """Go on with the injections in turn, until Ctrl-C."""
    show.keeps_running(addresses)
    while True:
        for injection in (NOTHING, *INJECTIONS):
            replay.rows = ready.rows[injection.name]
            time.sleep(60)


if __name__ == "__main__":
    sys.exit(main())
