"""The tables of a simulation for the terminal."""

from __future__ import annotations

from rich.table import Table as RichTable

from croze.reporting.table import Table


def terminal_table(sheet: Table) -> RichTable:
    """A sheet as it is, its note below; brackets go on a line of their own where numbers stand."""
    table = RichTable(
        title=sheet.title, title_justify="left", caption=sheet.note or None, caption_justify="left"
    )
    for i, heading in enumerate(sheet.head):
        words = i == 0 or heading == "guide" or sheet.prose
        table.add_column(heading, justify="left" if words else "right", overflow="fold")
    for row in sheet.rows:
        texts = [text.replace("`", "") for text in row]
        table.add_row(*(texts if sheet.prose else [text.replace(" (", "\n(") for text in texts]))
    return table
