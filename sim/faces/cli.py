"""The command ``utrulling``. Reads arguments, calls the experiments, prints; heavy imports wait until they are needed.

Results go to standard output, progress and errors to standard error. Exit codes: see ``sim.errors``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from sim.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USER, UserError
from sim.faces.arguments import language, parser
from sim.faces.commands import COMMANDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = language(given)
    options = parser(lang, COMMANDS).parse_args(given)
    try:
        return _run(options)
    except UserError as error:
        if getattr(options, "debug", False):
            raise
        if getattr(options, "json", False):
            print(json.dumps(error.as_dict(options.lang), ensure_ascii=False, indent=1))
        print(error.render(options.lang), file=sys.stderr)
        return EXIT_USER
    except KeyboardInterrupt:
        print(
            "\nAvbrutt; ingenting ble skrevet." if lang == "nb" else "\nInterrupted; nothing was written.",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:
        if getattr(options, "debug", False):
            raise
        print(
            f"Intern feil: {error!r}. Kjør igjen med --debug for sporing."
            if lang == "nb"
            else f"Internal fault: {error!r}. Run again with --debug for a traceback.",
            file=sys.stderr,
        )
        return EXIT_INTERNAL


def _run(options: argparse.Namespace) -> int:
    if options.version:
        from importlib.metadata import version

        print(f"utrulling {version('utrulling')}")
        return EXIT_OK
    if options.command is None:
        parser(options.lang, COMMANDS).print_help()
        return EXIT_USER
    return int(COMMANDS[options.command].run(options))


if __name__ == "__main__":
    sys.exit(main())
