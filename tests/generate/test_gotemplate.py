"""Templates of alerts: what Prometheus reads is read, what it refuses is refused with the fix."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlmonitor.generate.gotemplate import FUNCTIONS, check
from mlmonitor.generate.gotokens import TemplateError
from tests.components import PROMETHEUS_VERSIONS, promtool

if TYPE_CHECKING:
    from pathlib import Path

READ = [
    "plain, with } and }} and { { in it",
    "{{ $value | humanize }} of {{$labels.model|toUpper}}, {{ .Labels.pod }} {{ $.Value }} {{ . }} {{ $ }}",
    "{{ $externalURL }} {{ externalURL }} {{ $externalLabels.cluster }}",
    "{{ $value | }}",
    "{{- /* a comment */ -}} {{/* {{ another */}}",
    "{{-3}} {{ .5 }} {{ 5. }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ -5 }} {{ 0x1p-2 }} {{ 1i }}",
    r"""{{ "\x41\u00e9\n\"" }} {{ `a }} b` }} {{ 'a' }} {{ '\'' }} {{ '\n' }} {{ print "{{" }} {{ "\\" }}""",
    "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}{{$y:=$x}}{{ $ø := 1 | print }}{{ $ø }}",
    '{{ range $i, $v := query "up" }}{{ $i }}{{ $v.Labels.pod }}{{ else }}none{{ end }}',
    '{{ range query "up" }}{{ if true }}{{ break }}{{ end }}{{ continue }}{{ end }}',
    "{{ if eq 1 1 }}a{{ else if $x := 2 }}{{ $x }}{{ else }}c{{ end }}",
    "{{ if and (gt $value 1.0) (lt $value 2.0) -}} a {{- end }}{{ if(true) }}{{ end }}",
    "{{ with $y := 1 }}{{ $y }}{{ else }}{{ $y }}{{ end }}",
    "{{ $x := 1 }}{{ if 1 }}{{ $x := 2 }}{{ end }}{{ $x }}",
    '{{ define "x" }}{{ . }}{{ end }}{{ template "x" }}{{ template "x" $value }}{{ block "y" . }}a{{ end }}',
    '{{ (query "up" | first).Labels.pod }} {{ print | (print) }} {{ index $labels "a-b" | title }}',
    "{{ $value\n}} {{ `a\nb` }} {{ $value }}}",
    '{{ $n := printf "model=%q" $labels.model }}{{ with query (printf "up{%s}" $n) }}{{ . | first | value }}{{ end }}',
    "{{ nil }} {{ true }} {{ .foo.bar .baz 1 }} {{ ._x }}",
    *(f"{{{{ {name} }}}}" for name in sorted(FUNCTIONS)),
]
REFUSED = {
    "{{ $value | foo }}": "foo is no function of Prometheus' templates; write text in quotes",
    "{{ $value | humanise }}": "humanise is no function of Prometheus' templates; did you mean humanize?",
    "{{ model }}": "model is no function of Prometheus' templates",
    "{{ $foo }}": "$foo is not defined there; write $labels or $value, or {{ $foo := … }} before it.",
    "{{ $label.model }}": "$label is not defined there; did you mean $labels?",
    "{{ if 1 }}{{ $a := 1 }}{{ end }}{{ $a }}": "$a is not defined there",
    "{{ with $y := 1 }}{{ $y }}{{ end }}{{ $y }}": "$y is not defined there",
    "{{ range $i $v := query `up` }}{{ end }}": "$i is not defined there",
    '{{ define "x" }}{{ $value }}{{ end }}': "$value is not defined there",
    '{{ block "x" . }}{{ $labels.a }}{{ end }}': "$labels is not defined there",
    "{{ $value ": "has {{ without }}; close the template.",
    "{{ $value }": "cannot be read at '}'; mend the template.",
    "{{": "has {{ without }}; close the template.",
    "{{}}": "has {{ }} without a value; write one, or remove it.",
    "{{ () }}": "has ( ) without a value",
    "{{ if }}x{{ end }}": "has if without a value",
    "{{ $x := }}": "has {{ }} without a value",
    "{{ if $value }}x": "has {{ if }} without {{ end }}; write it.",
    "{{ if 1 }}{{ else }}x": "has {{ if }} without {{ end }}; write it.",
    '{{ block "x" . }}': "has {{ block }} without {{ end }}; write it.",
    "x{{ end }}": "has {{ end }} without a block that it ends; remove it.",
    "{{ else }}": "has {{ else }} without a block of its own; remove it.",
    "{{ if 1 }}{{ else }}{{ else }}{{ end }}": "has {{ else }} without a block of its own; remove it.",
    "{{ range query `up` }}{{ else }}{{ break }}{{ end }}": "has {{ break }} outside {{ range }}; remove it.",
    "{{ if 1 }}{{ continue }}{{ end }}": "has {{ continue }} outside {{ range }}; remove it.",
    "{{ range 1 }}{{ break 1 }}{{ end }}": "has 1 after break; remove it.",
    "{{ template x }}": "has {{ template }} without the name in quotes; write it.",
    "{{ if 1 }}{{ define `x` }}{{ end }}{{ end }}": "cannot have define there",
    "{{ (print }}": "has ( without ); close it.",
    "{{ print) }}": "cannot have ) there",
    "{{ | print }}": "cannot have | there",
    "{{ print || print }}": "cannot have | there",
    "{{ print | 1 }}": "has | before 1, which takes no value; write a function there.",
    "{{ $value > 5 }}": "cannot be read at '> 5 }}'",
    '{{ $labels["a"] }}': "cannot be read at '$labels[\"a\"] }}'",
    "{{ $labels.a-b }}": "cannot be read at '.a-b }}'",
    '{{ printf "%f"$value }}': "cannot have $value there",
    "{{ $labels. }}": "cannot have . there",
    "{{ true.Foo }}": "cannot have .Foo there",
    "{{ $a, $b := 1 }}": "gives a value to too many variables at $a; only range has two.",
    "{{ range $i, $v, $w := 1 }}{{ end }}": "gives a value to too many variables at $v",
    "{{ range $i, 5 := 1 }}{{ end }}": "cannot have 5 there",
    '{{ "a }}': "has a text that cannot be read at '\"a }}'; check its quotes.",
    '{{ "\\q" }}': "has a text that cannot be read",
    "{{ 'ab' }}": "has a text that cannot be read",
    "{{ 08 }}": "has '08', which is no number; write one such as 5 or 0.5.",
    "{{ 5-3 }}": "has '5-3', which is no number",
    "{{ 99999999999999999999 }}": "has '99999999999999999999', which is no number",
    "{{ 1e999 }}": "has '1e999', which is no number",
    "{{-true}}": "has '-true', which is no number",
    "{{/* x": "has a comment that does not end; write {{/* it so */}}.",
    "{{/* c */ }}": "has a comment that does not end",
}
# Read by Prometheus 3 alone.
OF_NEWER_ONES = {
    "{{ with 1 }}a{{ else with 2 }}b{{ end }}": "cannot have with there",
    "{{ now }}": "now is no function of Prometheus' templates",
}
# Read by Prometheus, which then cannot fill them in.
NOT_FILLED_IN = {
    "{{ $x = 1 }}": "$x is not defined there",
    "{{ if 0 }}{{ $a := 1 }}{{ else }}{{ $a }}{{ end }}": "$a is not defined there",
}


@pytest.mark.parametrize("template", READ)
def test_what_prometheus_reads_is_read(template: str) -> None:
    check(template)


@pytest.mark.parametrize(
    ("template", "problem"), {**REFUSED, **OF_NEWER_ONES, **NOT_FILLED_IN}.items()
)
def test_what_prometheus_refuses_is_refused_and_told(template: str, problem: str) -> None:
    with pytest.raises(TemplateError) as raised:
        check(template)
    assert str(raised.value).startswith(problem)
    assert str(raised.value).endswith((".", "?"))


@pytest.mark.parametrize("opened", ["{{ (", "{{ if 1 }}{{ (", "{{ if 1 }}"])
def test_templates_without_end_are_refused_soon(opened: str) -> None:
    with pytest.raises(TemplateError):
        check(opened * 10_000)
    with pytest.raises(TemplateError, match="nested too deeply"):
        check("{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}")
    with pytest.raises(TemplateError, match="is no number"):
        check("{{ " + "9" * 100_000 + " }}")


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
@pytest.mark.parametrize("key", ["labels", "annotations"])
def test_promtool_agrees(version: str, key: str, tmp_path: Path) -> None:
    wrong = [*REFUSED, *(OF_NEWER_ONES if version == "2.42" else ())]
    assert refused([*READ, *wrong], key, version, tmp_path) == wrong


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
@pytest.mark.parametrize("template", NOT_FILLED_IN)
def test_promtool_cannot_fill_in_what_nobody_has_set(version, template, tmp_path):
    rule = {"alert": "A", "expr": "up == 1", "annotations": {"summary": template}}
    groups = [{"name": "g", "rules": [rule]}]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": groups}))
    expected = {"exp_annotations": {"summary": "anything"}}
    test = {
        "input_series": [{"series": "up", "values": "1x5"}],
        "alert_rule_test": [{"eval_time": "1m", "alertname": "A", "exp_alerts": [expected]}],
    }
    tests = {"rule_files": ["rules.json"], "tests": [test]}
    (tmp_path / "tests.json").write_text(json.dumps(tests))
    done = subprocess.run(
        [promtool(version), "test", "rules", tmp_path / "tests.json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "error expanding template" in done.stdout + done.stderr


def refused(templates: list[str], key: str, version: str, folder: Path) -> list[str]:
    """Those that promtool refuses."""
    rules = [
        {"alert": f"A{index}", "expr": "up", key: {"summary": template}}
        for index, template in enumerate(templates)
    ]
    path = folder / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(
        [promtool(version), "check", "rules", path], capture_output=True, text=True, check=False
    )
    numbers = {int(found) for found in re.findall(r'rule \d+, "A(\d+)"', done.stdout + done.stderr)}
    return [templates[number] for number in sorted(numbers)]
