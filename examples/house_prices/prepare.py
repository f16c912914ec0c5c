"""What stands ready before the service starts: model, profile, rules, dashboard and the truth."""

from __future__ import annotations

import secrets
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import joblib
import yaml
from threadpoolctl import threadpool_limits

from examples.house_prices.houses import SEED, as_rows, split
from examples.house_prices.inject import INJECTIONS, NOTHING
from examples.house_prices.stack import StackError
from examples.house_prices.train import train
from examples.house_prices.truth import truth
from mlmonitor.config import load_config
from mlmonitor.drift import Thresholds
from mlmonitor.files import write_atomically
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from examples.house_prices.houses import House
    from examples.house_prices.show import Show
    from examples.house_prices.truth import Truth

CONFIG: Final = Path("examples") / "house_prices" / "monitoring-demo.yaml"
MODEL: Final = "house-prices"
PAGED: Final = "MlmonitorFeatureMissing"


@dataclass(frozen=True)
class Prepared:
    """The outcome of preparing.

    Attributes:
        reference: the profile of the reference data.
        truths: by injection, what it does to each column.
        rows: by injection, the houses as they are sent.
        thresholds, window, step, scrape: of the generated rules; seconds.
        config: the demo's monitoring.yaml.
        commands: what was run.
    """

    reference: Reference
    truths: dict[str, list[Truth]]
    rows: dict[str, list[House]]
    thresholds: Thresholds
    window: float
    step: float
    scrape: float
    config: Path
    commands: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Rows a second at which a window holds every replay house once.

        Houses that come round twice would look like more evidence than there is.
        """
        return len(self.rows[NOTHING.name]) / self.window

    @property
    def rest(self) -> float:
        """Seconds after an injection until no window holds any of it."""
        return self.window + self.step + 2 * self.scrape


def prepare(folder: Path, show: Show, *, pager: str, responder: str) -> Prepared:
    """Train, profile, generate, and compute what each injection does.

    Args:
        folder: where all of it goes.
        show: told of each step.
        pager: `host:port` where pages are received.
        responder: `host:port` of `mlmonitor respond`.

    Raises:
        StackError: one of the commands failed.
    """
    trained = train(folder)
    show.step(
        f"Trained: off by {trained.median_error:.1%} in the median, on houses it has not seen"
    )
    model, houses = joblib.load(trained.model), split().replay
    profile, path = folder / "reference.json", folder / "monitoring.yaml"
    write_atomically(path, _configuration(folder, pager, responder))
    (folder / "token").write_text(secrets.token_urlsafe(), encoding="utf-8")
    config = load_config(path)
    commands = (
        (
            f"mlmonitor profile {trained.data} -o {profile} --model {MODEL} --version 1 "
            "--target SalePrice --prediction predicted"
        ),
        f"mlmonitor generate-alerts -c {path} -o {folder}",
        f"mlmonitor generate-dashboards -c {path} -o {folder}",
    )
    for command in commands:
        show.command(command)
        run_mlmonitor(command)
    reference = Reference.load(profile)
    show.step(f"Profiled {reference.rows} houses; rules, routes and dashboard generated")
    thresholds = Thresholds(**config.thresholds_by_model[MODEL])  # type: ignore[arg-type]
    injections = (NOTHING, *INJECTIONS)
    with threadpool_limits(1):
        truths = {
            one.name: truth(one, houses, model, reference, thresholds, seed=SEED)
            for one in injections
        }
    show.step("Computed what each injection does to each column")
    return Prepared(
        reference=reference,
        truths=truths,
        rows={one.name: as_rows(one.apply(houses, SEED)) for one in injections},
        thresholds=thresholds,
        window=config.prometheus.windows[0],
        step=config.prometheus.step,
        scrape=config.prometheus.scrape_interval,
        config=path,
        commands=commands,
    )


def _configuration(folder: Path, pager: str, responder: str) -> str:
    """The demo's `monitoring.yaml`, with who is paged, and what is done when a feature is gone."""
    token = str((folder / "token").resolve())
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    document["models"][0]["reference"] = "reference.json"
    document["models"].append({"name": MODEL, "version": "by-quality", "role": "fallback"})
    document["links"] = {"runbooks": f"http://{responder}/runbooks"}
    document["notifications"] = {
        "page": {"webhook": {"url": f"http://{pager}/"}},
        "automate": {"url": f"http://{responder}/alerts", "token_file": token},
    }
    document["respond"] = {
        "listen": responder,
        "token_file": token,
        "dry_run": False,
        "scope": {"namespace": "demo"},
        "steps": [{"alert": PAGED, "do": "fallback"}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def run_mlmonitor(command: str) -> str:
    """What one of mlmonitor's commands prints, run by the interpreter that runs the demo."""
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        message = f"`{command}` ended with status {done.returncode}: {done.stderr.strip()}"
        raise StackError(message)
    return done.stdout
