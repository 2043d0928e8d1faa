"""Options that take several values after one name: ``--files a b c`` as well as ``--files a --files b``."""

from typing import Any

from typer.core import TyperCommand, TyperOption


class ListOptionsCommand(TyperCommand):
    """A command without arguments, so that whatever follows a list option belongs to it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option's name before each further value, as click wants it."""
        lists = {
            name
            for parameter in self.params
            if isinstance(parameter, TyperOption) and parameter.multiple
            for name in parameter.opts
        }
        spread: list[str] = []
        option: str | None = None
        n_values = 0
        for arg in args:
            if arg.startswith("-") and arg != "-":
                option, n_values = (arg, 0) if arg in lists else (None, 0)
            elif option is not None:
                n_values += 1
                if n_values > 1:
                    spread.append(option)
            spread.append(arg)
        return super().parse_args(ctx, spread)
