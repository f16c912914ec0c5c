from __future__ import annotations

from rich.table import Table

from mlmonitor import terminal


def test_in_a_pipe_a_title_stays_on_its_line_however_narrow_the_table(capsys):
    table = Table("a", title="houses [/1]: a title that is much longer than the table")
    table.add_row("b")
    terminal.show(table)
    assert capsys.readouterr().out == (
        "houses [/1]: a title that is much longer than the table\n a\n b\n"
    )


def test_in_a_pipe_a_table_without_a_title_has_no_empty_line(capsys):
    table = Table("a")
    table.add_row("b")
    terminal.show(table)
    assert capsys.readouterr().out == " a\n b\n"
