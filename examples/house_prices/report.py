"""The page that the demo leaves behind: what changed, what was found, and how it looked."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from examples.house_prices.charts import Bar, distribution, timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from examples.house_prices.charts import Form
    from examples.house_prices.judge import Finding, Verdict
    from examples.house_prices.watch import Counts, History, Key
    from mlmonitor.reference import Column, Reference

STYLE: Final = Path(__file__).parent / "page.css"
MOST_CARDS: Final = 6
MOST_ROWS: Final = 6


@dataclass(frozen=True)
class Story:
    """All that the page tells.

    Attributes:
        watcher: what computed the statistics.
        reference: what the traffic was compared with.
        verdicts: the phases, the uninjected one first.
        history: every column over the whole replay.
        counts: for each phase, what the window at its end held of the columns that alerted.
        rows: houses sent.
        workers: worker processes of the service.
        window: seconds of traffic in one verdict.
        commands: what was run before the service started.
    """

    watcher: str
    reference: Reference
    verdicts: Sequence[Verdict]
    history: History
    counts: Sequence[Mapping[Key, Counts]]
    rows: int
    workers: int
    window: float
    commands: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether every phase went as the truth demands."""
        return all(verdict.passed for verdict in self.verdicts)


def page(story: Story) -> str:
    """The report as one HTML document that needs nothing else."""
    sections = [
        _section(story, verdict, number)
        for number, verdict in enumerate(story.verdicts)
        if number > 0
    ]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>House prices: drift found</title><style>{STYLE.read_text()}</style></head>",
            "<body><main>",
            _head(story),
            _tiles(story),
            _timeline(story),
            *sections,
            _how(story),
            "</main></body></html>",
            "",
        ]
    )


def _head(story: Story) -> str:
    if story.passed:
        style, words = (
            "good",
            (
                "Every column that had to be found was found, and every column that had to stay "
                "silent stayed silent."
            ),
        )
    else:
        missed = sum(len(verdict.missed) for verdict in story.verdicts)
        alarms = sum(len(verdict.false_alarms) for verdict in story.verdicts)
        style, words = (
            "bad",
            (
                f"{missed} columns that had to be found were missed; "
                f"{alarms} that had to stay silent alerted."
            ),
        )
    return (
        "<h1>House prices: what drifted, and when it was found</h1>"
        f'<p class="verdict {style}">{words}</p>'
        f'<p class="soft">{story.workers} worker processes served the model and counted what they '
        f"saw. {escape(story.watcher)} computed the drift of all {len(story.history)} columns from "
        f"the counters on <code>/metrics</code>, over the last {story.window:g} s of traffic.</p>"
    )


def _tiles(story: Story) -> str:
    required = [one for verdict in story.verdicts for one in verdict.of("must be found")]
    silent = [one for verdict in story.verdicts for one in verdict.of("must stay silent")]
    first = [verdict.first_after for verdict in story.verdicts if verdict.first_after is not None]
    slowest = f"{max(first):.1f} s" if first else "&ndash;"
    facts = [
        (f"{story.rows:,}", "houses sent"),
        (f"{sum(one.found for one in required)} of {len(required)}", "required findings made"),
        (
            f"{sum(one.found for one in silent)} of {len(silent)}",
            "false alarms where nothing changed",
        ),
        (slowest, "slowest first alert after a change"),
    ]
    tiles = (
        f'<div class="tile"><b>{figure}</b><span>{text}</span></div>' for figure, text in facts
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _timeline(story: Story) -> str:
    return (
        "<h2>Every column, all the time</h2>"
        '<p class="soft">One line a column: its largest effect over its threshold. A line in '
        "colour had alerted. Grey above the threshold: too few rows yet to tell it from chance.</p>"
        f'<div class="panel">{timeline(story.history, story.verdicts)}</div>'
    )


def _section(story: Story, verdict: Verdict, number: int) -> str:
    found = [one for one in verdict.findings if one.found]
    shown = sorted(found, key=lambda one: (one.truth.duty != "must be found", -one.effect))
    cards = [
        _card(story, finding, number)
        for finding in shown[:MOST_CARDS]
        if (finding.truth.side, finding.truth.column) in story.counts[number]
    ]
    description = (verdict.phase.injection.apply.__doc__ or "").strip()
    return (
        f"<h2>{escape(verdict.phase.injection.title)}</h2><p>{escape(description)}</p>"
        f'<p class="soft">{_summary(verdict)}</p>'
        '<div class="key"><span><i class="reference"></i>reference</span>'
        f'<span><i class="p{number}"></i>last {story.window:g} s of the injection</span></div>'
        f'<div class="cards">{"".join(cards)}</div>{_table(verdict)}'
    )


def _summary(verdict: Verdict) -> str:
    required, silent = verdict.of("must be found"), verdict.of("must stay silent")
    first = f", the first after {verdict.first_after:.1f} s" if verdict.first_after else ""
    words = (
        f"Had to be found: {len(required)}; found: {sum(one.found for one in required)}{first}. "
        f"Had to stay silent: {len(silent)}; alerted: {len(verdict.false_alarms)}."
    )
    between = verdict.of("reported")
    if between:
        alerted = sum(one.found for one in between)
        words += f" Between the two: {len(between)}, of which {alerted} alerted."
    return words


def _card(story: Story, finding: Finding, number: int) -> str:
    truth = finding.truth
    column = next(
        one for one in story.reference.columns if (one.side, one.name) == (truth.side, truth.column)
    )
    counts = story.counts[number][truth.side, truth.column]
    bars, form = _bars(column, counts)
    label = f"{truth.column}: reference and current shares"
    after = "" if finding.after is None else f", found after {finding.after:.1f} s"
    return (
        f'<div class="card"><h3>{escape(truth.column)}</h3>'
        f'<p class="soft">{finding.effect:.1f} &times; the threshold{after}</p>'
        f"{distribution(bars, number, label, form)}</div>"
    )


def _bars(column: Column, counts: Counts) -> tuple[list[Bar], Form]:
    """Shares by cell; of present and missing where that is what changed."""
    gone = counts.missing / counts.rows if counts.rows else 0.0
    total = sum(counts.cells)
    if not total or abs(gone - column.missing_ratio) > 0.5:  # noqa: PLR2004 - most rows
        present = Bar("present", 1 - column.missing_ratio, 1 - gone)
        return [present, Bar("missing", column.missing_ratio, gone)], "categories"
    if column.is_binned:
        last = f"{column.range[1]:g}" if column.range else "more"
        labels = [*(_edge(edge) for edge in column.edges or ()), last]
        reference: Sequence[float] = column.counts or ()
    else:
        labels = [*(column.categories or ()), "(other)", "(unseen)"]
        reference = [*(column.categories or {}).values(), column.other, 0]
    whole = sum(reference) or 1
    cells = zip(labels, reference, counts.cells, strict=True)
    bars = [Bar(label, before / whole, now / total) for label, before, now in cells]
    if column.is_binned:
        return bars, "values" if column.kind == "discrete" else "bins"
    return [bar for bar in bars if bar.reference or bar.current], "categories"


def _edge(value: float) -> str:
    if abs(value) >= 100_000:  # noqa: PLR2004 - where six digits get too wide
        return f"{value / 1000:.0f}k"
    return f"{value:.4g}"


def _table(verdict: Verdict) -> str:
    required = verdict.of("must be found")
    wrong = verdict.missed + verdict.false_alarms
    shown = wrong + [one for one in required[:MOST_ROWS] if one not in wrong]
    hidden = [one for one in required if one not in shown]
    between = [one for one in verdict.of("reported") if one.found or one.truth.effect >= 1]
    parts = [_rows(shown)]
    for findings, words in (
        (hidden, "more that had to be found"),
        (between, "that changed by less than twice the threshold"),
    ):
        if findings:
            summary = f"<summary>{len(findings)} {words}</summary>"
            parts.append(f"<details>{summary}{_rows(findings)}</details>")
    return "".join(parts)


def _rows(findings: Sequence[Finding]) -> str:
    lines = []
    for one in findings:
        after = "not found" if one.after is None else f"{one.after:.1f} s"
        lines.append(
            f"<tr><td>{escape(one.truth.column)}</td><td>{one.truth.side}</td>"
            f"<td>{one.truth.duty}</td>"
            f'<td class="number">{one.truth.effect:.1f} &times;</td>'
            f'<td class="number">{one.effect:.1f} &times;</td><td class="number">{after}</td></tr>'
        )
    return (
        '<div class="wide"><table><thead><tr><th>Column</th><th>Side</th><th>Truth says</th>'
        '<th class="number">True effect</th><th class="number">Measured</th>'
        '<th class="number">Found after</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _how(story: Story) -> str:
    commands = escape("\n".join(f"$ {command}" for command in story.commands))
    return (
        "<h2>How it was made</h2>"
        f"<p>The reference is {story.reference.rows} houses that the model was not fitted on. The "
        "true effect of an injection is computed from the rows themselves, before and after it. A "
        "column must be found from twice its threshold on, and must stay silent where its values "
        "are the same, row by row.</p>"
        f"<pre>{commands}</pre>"
    )
