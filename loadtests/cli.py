"""The command `kj-load`. Results go to standard output, progress and errors to standard error; exit codes: errors.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from loadtests.commands import COMMANDS
from loadtests.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_INVALID, UserError

_DESCRIPTION = {
    "nb": "Lasttest av Kjernejournals API med den etterspørselen som prognosen gir.",
    "en": "Load tests of Kjernejournal's API with the demand that the forecast gives.",
}
_EPILOG = {
    "nb": (
        "Begynn med:  kj-load run monday-morning\n"
        "             utrulling demand national --month 2027-11 --out demand.json\n"
        "             kj-load run monday-morning --demand demand.json\n\n"
        "Avslutningskoder: 0 målene holder, 1 de holder ikke, 2 ugyldig løp eller feil i inndata, 3 intern feil, 130 avbrutt."
    ),
    "en": (
        "Start with:  kj-load run monday-morning\n"
        "             utrulling demand national --month 2027-11 --out demand.json\n"
        "             kj-load run monday-morning --demand demand.json\n\n"
        "Exit codes: 0 the objectives hold, 1 they do not, 2 invalid run or wrong input, 3 internal fault, 130 interrupted."
    ),
}


class _Parser(argparse.ArgumentParser):
    lang = "nb"

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        hint = f"Se «{self.prog} --help»." if self.lang == "nb" else f"See «{self.prog} --help»."
        print(f"{self.prog}: {message}. {hint}", file=sys.stderr)
        raise SystemExit(EXIT_INVALID)


def parser(lang: str) -> argparse.ArgumentParser:
    """The whole command line in a language."""

    def t(nb: str, en: str) -> str:
        return nb if lang == "nb" else en

    _Parser.lang = lang
    root = _Parser(prog="kj-load", description=_DESCRIPTION[lang], epilog=_EPILOG[lang])
    commands = root.add_subparsers(dest="command", required=True, metavar=t("KOMMANDO", "COMMAND"))
    common = _Parser(add_help=False)
    common.add_argument("--json", action="store_true", help=t("svar som JSON", "answer as JSON"))
    common.add_argument("--debug", action="store_true", help=t("vis sporing ved feil", "show tracebacks"))
    for made in (root, common):
        made.add_argument("--lang", choices=("nb", "en"), default=lang, help=t("språk", "language"))
    for name, module in COMMANDS.items():
        help_ = module.HELP.to(lang)
        module.arguments(commands.add_parser(name, help=help_, description=help_, parents=[common]), t)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = "en" if "--lang=en" in given or ("--lang", "en") in pairwise(given) else "nb"
    options = parser(lang).parse_args(given)
    try:
        return int(COMMANDS[options.command].run(options))
    except UserError as error:
        if options.debug:
            raise
        print(f"kj-load: {error.text.to(lang)}", file=sys.stderr)
        return EXIT_INVALID
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        again = "Kjør igjen med --debug" if lang == "nb" else "Run again with --debug"
        print(f"kj-load: {error!r}. {again}", file=sys.stderr)
        return EXIT_INTERNAL


if __name__ == "__main__":
    sys.exit(main())
