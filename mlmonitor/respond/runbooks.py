"""The runbooks as pages, so that the links in alerts lead somewhere from the first day on."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt

from mlmonitor import bundled

_NAME: Final = re.compile(r"[A-Za-z0-9]+")
_LOCAL: Final = re.compile(r'href="(?:\.\./)?([A-Za-z0-9_/-]+)\.md(#[^"]*)?"')
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ padding: .8rem; overflow-x: auto; background: color-mix(in srgb, currentColor 8%, transparent) }}
code {{ font-size: .9em }}
table {{ border-collapse: collapse }} th, td {{ padding: .2rem .8rem .2rem 0; text-align: left }}
h2 {{ margin-top: 2rem; font-size: 1.15rem }}
</style></head><body>
{body}
</body></html>
"""


def page(name: str) -> str | None:
    """The runbook of an alert as HTML, the list of all for no name, None where there is none."""
    folder = bundled.folder("docs/runbooks")
    if not name:
        known = sorted(path.stem for path in folder.glob("*.md"))
        text = "# Runbooks\n\n" + "".join(f"- [{one}]({one}.md)\n" for one in known)
        return _html("Runbooks", text, "runbooks/")
    path = folder / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    return _html(name, path.read_text(encoding="utf-8"), "")


def _html(title: str, text: str, place: str) -> str:
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return _PAGE.format(title=title, body=_LOCAL.sub(rf'href="{place}\1"', body))
