"""The page of commands says what the commands say.

`python -m tests.docs.test_commands` writes their help into the page.
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.reference import Reference
from tests.references import binned, categorical

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
TEXT = PAGE.read_text(encoding="utf-8")
HELP = re.compile(r"(```text\n\$ mlmonitor ([^\n]*)\n).*?(```)", re.DOTALL)
EXAMPLES = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)


def shown(command: str) -> str:
    """What a command prints in a terminal of 80 columns."""
    result = CliRunner().invoke(
        program, shlex.split(command), prog_name="mlmonitor", terminal_width=80
    )
    assert result.exit_code == 0, result.stderr
    return result.stdout


def written(text: str) -> str:
    """The page with the help of today."""
    return HELP.sub(lambda block: block[1] + shown(block[2]) + block[3], text)


def test_help_is_shown_as_it_is() -> None:
    assert written(TEXT) == TEXT, "run `python -m tests.docs.test_commands`"


def test_every_command_has_a_section() -> None:
    assert sorted(re.findall(r"^## (.*)$", TEXT, re.MULTILINE)) == sorted(program.commands)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_print_what_the_page_says(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("monitoring.yaml").write_text("models: [{name: churn}]\n", encoding="utf-8")
    houses = ["area,wall,price", "50,brick,1", "70,wood,2", "90.5,brick,3", "120,wood,4"]
    Path("houses.csv").write_text("\n".join(houses), encoding="utf-8")
    columns = (
        binned("age", range(100)),
        categorical("plan", {"free": 50, "pro": 30, "team": 20}),
    )
    Reference(model="churn", version="1", rows=100, columns=columns).save("reference.json")
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for part in example.split("$ mlmonitor ")[1:]:
        command, expected = part.split("\n", 1)
        found = shown(command)
        assert doctest.OutputChecker().check_output(expected, found, options), found


if __name__ == "__main__":
    PAGE.write_text(written(TEXT), encoding="utf-8")
