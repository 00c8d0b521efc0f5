"""Verbs by name, each imported when it is called: help comes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

Verbs = Mapping[str, tuple[str, str]]
"""Name -> (where it is, `module:function`, and what it does in one line)."""

PLAIN: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}


def group(verbs: Verbs, callback: Callable[..., None], **settings: Any) -> typer.Typer:
    """A command that has these verbs; its own help is the docstring of the callback."""
    kind = type("Group", (_Group,), {"verbs": verbs})
    app = typer.Typer(cls=kind, no_args_is_help=True, **PLAIN, **settings)
    app.callback()(callback)
    return app


def _say_defaults(command: Any) -> None:
    """Write defaults that are described in words as those that are values: typer puts them in parentheses."""
    for parameter in command.params:
        if isinstance(parameter.show_default, str):
            parameter.help = f"{parameter.help}  [default: {parameter.show_default}]"
            parameter.show_default = False
    for part in getattr(command, "commands", {}).values():
        if part is not None:
            _say_defaults(part)


class _Group(TyperGroup):
    verbs: Verbs

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(self.verbs)  # type: ignore[assignment]  # names, for "did you mean"

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.verbs:
            return None
        place, line = self.verbs[cmd_name]
        module, _, name = place.partition(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(**PLAIN)
            app.command(cmd_name, short_help=line)(found)
            found = app
        command = get_command(found)
        command.name = cmd_name
        _say_defaults(command)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.verbs.items()])
