"""The command `croze`, also as `python -m croze`: the verbs, and those that reproduce the paper."""

from __future__ import annotations

import sys

from croze.errors import CrozeError


def main() -> int:
    """Run the command line; the exit code is 2 for bad input, 1 for a run that found nothing, 0 otherwise."""
    from croze.cli.app import app
    from croze.paper.commands import VERBS

    try:
        app(VERBS)()
    except CrozeError as problem:
        print(f"croze: error: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    except (KeyboardInterrupt, SystemExit) as end:
        # typer turns Ctrl-C into the exit code 130
        if isinstance(end, SystemExit) and end.code != 130:
            raise
        print("\ncroze: interrupted; the same command continues from here.", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
