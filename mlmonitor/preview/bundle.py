"""All files of the page as one: styles and scripts in it, modules as addresses that hold them."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from typing import Final

from mlmonitor.preview import static

_IMPORT: Final = re.compile(r'((?:from|import)\s+)"(\.{1,2}/[^"]+)"')
_ADDRESS: Final = re.compile(r'url\("?([\w./-]+)"?\)')
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)">')
_ICON: Final = 'href="/static/icon.svg"'
_SCRIPT: Final = re.compile(r'<script src="/static/([^"]+)" defer></script>')
_MODULE: Final = re.compile(r'<script src="/static/([^"]+)" type="module"></script>')
_PREFIX: Final = "mlmonitor/"


def page(data: str) -> str:
    """The page with `data`, JSON that is safe within a script, for its parts to find."""
    text = static.read("index.html").decode()
    styles = "\n".join(_style(name) for name in _STYLE.findall(text))
    scripts = [static.read(name).decode() for name in _SCRIPT.findall(text)]
    modules = json.dumps({"imports": _modules()})
    first = "\n".join(f'import "{_PREFIX}{name}";' for name in _MODULE.findall(text))
    policy = "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "img-src data:",
            f"style-src {_hash(styles)}",
            f"script-src data: {' '.join(_hash(one) for one in (*scripts, modules, first))}",
        )
    )
    head = [
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<style>{styles}</style>",
        f'<script type="importmap">{modules}</script>',
    ]
    tail = [
        f'<script type="application/json" id="frozen">{data}</script>',
        *(f"<script>{one}</script>" for one in scripts),
        f'<script type="module">{first}</script>',
    ]
    for pattern in (_STYLE, _SCRIPT, _MODULE):
        text = re.sub(rf" *{pattern.pattern}\n", "", text)
    text = text.replace(_ICON, f'href="{_data("image/svg+xml", static.read("icon.svg"))}"')
    text = text.replace('<html lang="en">', '<html lang="en" data-frozen>')
    text = text.replace('<meta charset="utf-8">', "\n".join(['<meta charset="utf-8">', *head]))
    return text.replace("</body>", "\n".join([*tail, "</body>"]))


def _modules() -> dict[str, str]:
    """Every module by a name that does not depend on where the page stands."""
    names = [name for name in static.files() if name.endswith(".js") and "uplot/" not in name]
    return {f"{_PREFIX}{name}": _data("text/javascript", _named(name).encode()) for name in names}


def _named(name: str) -> str:
    """A module that imports others by those names."""
    folder = posixpath.dirname(name)

    def absolute(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, found[2]))
        return f'{found[1]}"{_PREFIX}{place}"'

    return _IMPORT.sub(absolute, static.read(name).decode())


def _style(name: str) -> str:
    """A style sheet with the pictures that it names."""
    folder = posixpath.dirname(name)

    def held(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, found[1]))
        return f'url("{_data("image/svg+xml", static.read(place))}")'

    return _ADDRESS.sub(held, static.read(name).decode())


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
