from __future__ import annotations

import pytest

from mlmonitor.backtest.write import write_thresholds
from mlmonitor.config import load_config
from mlmonitor.errors import ConfigError

HEAD = """\
# All models of the shop.
scope_labels: [cluster]   # one a region

thresholds:
  psi: 0.3  # agreed in March
models:
  - name: houses
    version: "1"
"""
FORMS = {
    "no section": "",
    "a section": "    thresholds:\n      ks: 0.2   # seldom\n      mean_shift: 0.3\n",
    "the same key": "    thresholds:\n      psi: 0.25  # was too low\n",
    "braces": "    thresholds: {ks: 0.2}\n",
    "the same key in braces": "    thresholds: {psi: 0.25, ks: 0.2}\n",
    "empty braces": "    thresholds: {}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_threshold_is_set_and_the_rest_stays(tmp_path, form):
    path = tmp_path / "monitoring.yaml"
    before = HEAD + FORMS[form] + "    role: live\n\n  - name: other\n# the end\n"
    path.write_text(before)

    write_thresholds(path, "houses", {"psi": 0.35}, "backtest of 28 days")

    config = load_config(path)
    assert config.thresholds_by_model["houses"]["psi"] == 0.35
    assert config.thresholds_by_model["other"] == {"psi": 0.3}
    kept = [line for line in before.splitlines() if "thresholds: {" not in line]
    kept = [line for line in kept if "psi: 0.25" not in line]
    after = path.read_text().splitlines()
    assert [line for line in after if line in kept] == kept
    if "braces" not in form:
        assert "psi: 0.35  # backtest of 28 days" in path.read_text()


def test_all_entries_of_a_model_stay_alike(tmp_path):
    path = tmp_path / "monitoring.yaml"
    path.write_text(HEAD + '  - {name: other}\n  - name: houses\n    version: "2"\n')

    write_thresholds(path, "houses", {"psi": 0.35, "ks": 0.2}, "backtest")

    config = load_config(path)
    assert [one.thresholds.given for one in config.models] == [
        {"psi": 0.35, "ks": 0.2}, {}, {"psi": 0.35, "ks": 0.2}
    ]  # fmt: skip


def test_an_unknown_model_and_a_form_that_cannot_be_changed_are_told(tmp_path):
    path = tmp_path / "monitoring.yaml"
    path.write_text(HEAD)
    with pytest.raises(ConfigError, match="none is named 'boats'"):
        write_thresholds(path, "boats", {"psi": 0.35}, "backtest")
    path.write_text("models: [{name: houses}]\n")
    with pytest.raises(ConfigError, match=r"write under thresholds of 'houses': psi: 0\.35"):
        write_thresholds(path, "houses", {"psi": 0.35}, "backtest")
    assert path.read_text() == "models: [{name: houses}]\n"
