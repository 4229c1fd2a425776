"""The arguments of ``utrulling``: commands, options and help in two languages. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NoReturn

from sim.errors import EXIT_USER

_WORDS = {
    "nb": {
        "usage": "bruk: ",
        "positional arguments": "argumenter",
        "options": "valg",
        "show this help message and exit": "vis denne hjelpen og avslutt",
    },
}


class _Parser(argparse.ArgumentParser):
    """argparse with a language, and errors that say what to do."""

    lang = "nb"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["add_help"] = False
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        translated = _WORDS.get(self.lang, {})
        for group in self._action_groups:
            group.title = translated.get(group.title or "", group.title)
        self.add_argument(
            "-h",
            "--help",
            action="help",
            help=translated.get("show this help message and exit", "show this help message and exit"),
        )

    def format_help(self) -> str:
        text = super().format_help()
        return text.replace("usage: ", _WORDS.get(self.lang, {}).get("usage", "usage: "), 1)

    def error(self, message: str) -> NoReturn:
        nb = {
            "the following arguments are required": "mangler",
            "unrecognized arguments": "ukjente argumenter",
            "invalid choice": "ukjent valg",
            "choose from": "velg blant",
            "expected one argument": "krever en verdi",
            "invalid positive value": "skal være et helt tall over 0, ikke",
            "invalid whole value": "skal være et helt tall, 0 eller mer, ikke",
            "argument": "argument",
        }
        if self.lang == "nb":
            for english, norwegian in nb.items():
                message = message.replace(english, norwegian)
        hint = f"Se «{self.prog} --help»." if self.lang == "nb" else f"See «{self.prog} --help»."
        print(f"{self.prog}: {message}. {hint}", file=sys.stderr)
        raise SystemExit(EXIT_USER)


def positive(text: str) -> int:
    """A whole number above 0."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def whole(text: str) -> int:
    """A whole number, 0 or more."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


Translate = Callable[[str, str], str]


def scenario(made: argparse.ArgumentParser, t: Translate) -> None:
    """The scenario that a command works on."""
    made.add_argument(
        "scenario",
        metavar="SCENARIO",
        help=t(
            "en scenariofil, eller navnet på et ferdig scenario (national)",
            "a scenario file, or the name of a shipped one (national)",
        ),
    )


def draws(made: argparse.ArgumentParser, t: Translate) -> None:
    """Where the draws of a study come from, and who simulates them."""
    made.add_argument(
        "--prior",
        action="store_true",
        help=t("bruk spennene, ikke de kalibrerte parameterne", "use the ranges, not the calibrated parameters"),
    )
    made.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))
    made.add_argument(
        "--workers",
        type=positive,
        metavar="W",
        help=t("antall prosesser (alle kjerner)", "number of processes (all cores)"),
    )


def parser(lang: str, modules: Mapping[str, ModuleType]) -> argparse.ArgumentParser:
    """The whole command line in ``lang``; ``modules`` are the commands by name, each with ``HELP`` and ``arguments``."""

    def t(nb: str, en: str) -> str:
        return nb if lang == "nb" else en

    _Parser.lang = lang
    root = _Parser(
        prog="utrulling",
        description=t(
            "Prognose for den nasjonale innføringen av Pasientens kritiske informasjon.",
            "Forecast of the national rollout of critical patient information.",
        ),
        epilog=t(
            "Begynn med:  utrulling forecast national\n"
            '             utrulling explain national --unit "Helse Bergen"\n'
            "             utrulling init mitt-scenario.yaml\n\n"
            "Avslutningskoder: 0 i orden, 1 et krav er ikke møtt, 2 feil i inndata eller kall, 3 intern feil, 130 avbrutt.",
            "Start with:  utrulling forecast national\n"
            '             utrulling explain national --unit "Helse Bergen"\n'
            "             utrulling init my-scenario.yaml\n\n"
            "Exit codes: 0 ok, 1 a requirement is not met, 2 wrong input or call, 3 internal fault, 130 interrupted.",
        ),
    )
    root.add_argument("--lang", choices=("nb", "en"), default=lang, help=t("språk: nb eller en", "language: nb or en"))
    root.add_argument("--version", action="store_true", help=t("vis versjonen", "show the version"))
    commands = root.add_subparsers(dest="command", metavar=t("KOMMANDO", "COMMAND"), title=t("kommandoer", "commands"))

    for name, module in modules.items():
        made = commands.add_parser(name, help=module.HELP.to(lang), description=module.HELP.to(lang))
        made.add_argument(
            "--lang", choices=("nb", "en"), default=lang, help=t("språk: nb eller en", "language: nb or en")
        )
        made.add_argument(
            "--json", action="store_true", help=t("svar som JSON på standard ut", "answer as JSON on standard output")
        )
        made.add_argument("--debug", action="store_true", help=t("vis sporing ved feil", "show tracebacks"))
        module.arguments(made, t)
    return root


def language(given: Sequence[str]) -> str:
    """The language that the arguments ask for, before they are parsed: help has one too."""
    for index, word in enumerate(given):
        if word == "--lang=en" or (word == "--lang" and given[index + 1 : index + 2] == ["en"]):
            return "en"
    return "nb"
