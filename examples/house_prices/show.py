"""What the demo prints."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from examples.house_prices.judge import Verdict
    from examples.house_prices.pager import Page
    from examples.house_prices.paging import Rescue
    from examples.house_prices.replay import Replay
    from examples.house_prices.watch import Key

MOST_NAMES = 4


class Show:
    """The demo's progress and results on the terminal; plain lines where it is none."""

    def __init__(self) -> None:
        """Take the time that every line counts from."""
        self._console = Console(highlight=False)
        self._started = time.monotonic()
        self._seen: set[Key] = set()
        self._replay: Replay | None = None
        self._pages = 0

    def step(self, text: str) -> None:
        """One thing done."""
        passed = time.monotonic() - self._started
        self._console.print(f"[green]✓[/] {escape(text)} [dim]{passed:.0f} s[/]", soft_wrap=True)

    def command(self, text: str) -> None:
        """A command as the user would type it."""
        self._console.print(f"  [dim]$ {escape(text)}[/]", soft_wrap=True)

    @contextmanager
    def live(self, replay: Replay) -> Iterator[None]:
        """A progress bar while the houses are sent."""
        self._replay = replay
        self._bar = Progress(
            TextColumn("  {task.description:<30}"),
            BarColumn(24),
            TextColumn("{task.fields[rows]:>6,} rows  {task.fields[drifted]}"),
            console=self._console,
        )
        self._task = self._bar.add_task("", rows=0, drifted="")
        with Live(self._bar, console=self._console, transient=True, refresh_per_second=4):
            yield

    def phase(self, title: str, seconds: float) -> None:
        """A stretch of the replay begins."""
        rows = self._replay.sent if self._replay else 0
        self._console.print(f"[bold]{escape(title)}[/] [dim]from row {rows:,} on[/]")
        self._bar.reset(self._task, description=title, total=seconds, rows=rows, drifted="")

    def now(self, passed: float, drifted: set[Key]) -> None:
        """What has drifted by now, each change in a line of its own."""
        rows = self._replay.sent if self._replay else 0
        text = f"{len(drifted)} drifted" if drifted else "no drift"
        self._bar.update(self._task, completed=passed, rows=rows, drifted=text)
        new = sorted(column for _, column in drifted - self._seen)
        if new:
            more = f" and {len(new) - MOST_NAMES} more" if len(new) > MOST_NAMES else ""
            names = escape(", ".join(new[:MOST_NAMES]))
            self._console.print(f"  [yellow]![/] {passed:4.1f} s  {names}{more}", soft_wrap=True)
        elif self._seen and not drifted:
            self._console.print(f"  [green]✓[/] {passed:4.1f} s  no column drifts any more")
        self._seen = drifted

    def paged(self, pages: Sequence[Page]) -> None:
        """The pages that have not been shown yet."""
        for page in pages[self._pages :]:
            self._console.print(f"  [red]☎[/] [bold]{escape(page.summary)}[/]", soft_wrap=True)
        self._pages = len(pages)

    def rescued(self, outcome: Rescue) -> None:
        """How the missing feature ended."""
        if outcome.page is None:
            self.wrong("nobody was paged for the missing feature")
            return
        self._console.print(f"    [dim]{escape(outcome.page.text)}[/]", soft_wrap=True)
        if outcome.complete:
            self.step(f"The fallback took over, once; it has priced {outcome.rows:,} houses")
        else:
            self.wrong(
                f"the fallback did not take over: open {outcome.switched}, switched "
                f"{outcome.switches} times, {outcome.rows} houses"
            )

    def told(self, text: str) -> None:
        """A line of what a command printed."""
        self._console.print(f"    [dim]{escape(text)}[/]", soft_wrap=True)

    def wrong(self, text: str) -> None:
        """Something that should not have been."""
        self._console.print(f"[red]✗ {escape(text)}[/]", soft_wrap=True)

    def verdicts(self, verdicts: Sequence[Verdict], replay: Replay) -> None:
        """Truth beside findings, one line a phase."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("columns", no_wrap=True)
        for heading in ("to be found", "found", "first", "to stay silent", "alerted"):
            table.add_column(heading, justify="right", no_wrap=True)
        for verdict in verdicts:
            required, silent = verdict.of("must be found"), verdict.of("must stay silent")
            first = "" if verdict.first_after is None else f"{verdict.first_after:.1f} s"
            table.add_row(
                verdict.phase.injection.title,
                str(len(required)),
                _coloured(len(required) - len(verdict.missed), good=not verdict.missed),
                first,
                str(len(silent)),
                _coloured(len(verdict.false_alarms), good=not verdict.false_alarms),
            )
        self._console.print()
        self._console.print(table)
        for verdict in verdicts:
            self._columns(verdict)
        if replay.failed:
            self._console.print(f"[red]{replay.failed} requests failed[/]")

    def _columns(self, verdict: Verdict) -> None:
        """The columns that went wrong, and the strongest that went right."""
        title = verdict.phase.injection.title
        for words, findings in (
            ("missed", verdict.missed),
            ("alerted without a change", verdict.false_alarms),
        ):
            if findings:
                names = ", ".join(one.truth.column for one in findings)
                self._console.print(f"[red]{escape(title)}: {words}: {escape(names)}[/]")
        found = [one for one in verdict.of("must be found") if one.found][:MOST_NAMES]
        if found:
            columns = ", ".join(
                f"{one.truth.column} ({one.effect:.1f} \u00d7 threshold, {one.after:.1f} s)"
                for one in found
            )
            self._console.print(f"[dim]{escape(title)}:[/] {escape(columns)}", soft_wrap=True)

    def leavings(self, folder: Path, *, passed: bool) -> None:
        """The files to look at."""
        self._console.print()
        if passed:
            self._console.print(
                "[green]✓[/] Everything that had to be found was found, and nothing else that had "
                "to stay silent alerted.",
                soft_wrap=True,
            )
        self._console.print(f"  report     {folder / 'report.html'}", soft_wrap=True)
        if (folder / "dashboards.html").exists():
            self._console.print(
                f"  dashboards {folder / 'dashboards.html'}, with their data", soft_wrap=True
            )
        for dashboard in sorted(folder.glob("grafana/**/*.json")):
            self._console.print(f"  dashboard  {dashboard}", soft_wrap=True)
        for rules in sorted(folder.glob("prometheus/*.rules.yml")):
            self._console.print(f"  rules      {rules}", soft_wrap=True)

    def keeps_running(self, addresses: dict[str, str]) -> None:
        """The demo goes on."""
        self._console.print()
        for name, address in addresses.items():
            self._console.print(f"  {name:<10} {address}", soft_wrap=True)
        self._console.print("\nRunning until Ctrl-C; each minute something else goes wrong.")

    def failed(self, error: Exception) -> None:
        """The demo could not go on."""
        self._console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True)

    def interrupted(self) -> None:
        """Stopped by the user."""
        self._console.print("stopped")


def _coloured(number: int, *, good: bool) -> str:
    return f"[green]{number}[/]" if good else f"[red]{number}[/]"
