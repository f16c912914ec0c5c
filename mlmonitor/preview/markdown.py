"""Texts of text panels as HTML."""

from __future__ import annotations

from markdown_it import MarkdownIt


def html(text: str) -> str:
    """Markdown as HTML; HTML in it, and links to scripts, come out as plain text."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
