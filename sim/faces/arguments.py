"""The arguments of ``utrulling``: commands, options and help in two languages. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
            "invalid _positive value": "skal være et helt tall over 0, ikke",
            "argument": "argument",
        }
        if self.lang == "nb":
            for english, norwegian in nb.items():
                message = message.replace(english, norwegian)
        hint = f"Se «{self.prog} --help»." if self.lang == "nb" else f"See «{self.prog} --help»."
        print(f"{self.prog}: {message}. {hint}", file=sys.stderr)
        raise SystemExit(EXIT_USER)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def parser(lang: str) -> argparse.ArgumentParser:
    """The whole command line in ``lang``."""

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
            "             utrulling explain national --unit \"Helse Bergen\"\n"
            "             utrulling init mitt-scenario.yaml\n\n"
            "Avslutningskoder: 0 i orden, 1 et krav er ikke møtt, 2 feil i inndata eller kall, 3 intern feil, 130 avbrutt.",
            "Start with:  utrulling forecast national\n"
            "             utrulling explain national --unit \"Helse Bergen\"\n"
            "             utrulling init my-scenario.yaml\n\n"
            "Exit codes: 0 ok, 1 a requirement is not met, 2 wrong input or call, 3 internal fault, 130 interrupted.",
        ),
    )
    root.add_argument("--lang", choices=("nb", "en"), default=lang, help=t("språk: nb eller en", "language: nb or en"))
    root.add_argument("--version", action="store_true", help=t("vis versjonen", "show the version"))
    commands = root.add_subparsers(dest="command", metavar=t("KOMMANDO", "COMMAND"), title=t("kommandoer", "commands"))

    def command(name: str, nb: str, en: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=t(nb, en), description=t(nb, en))
        made.add_argument(
            "--lang", choices=("nb", "en"), default=lang, help=t("språk: nb eller en", "language: nb or en")
        )
        made.add_argument(
            "--json", action="store_true", help=t("svar som JSON på standard ut", "answer as JSON on standard output")
        )
        made.add_argument("--debug", action="store_true", help=t("vis sporing ved feil", "show tracebacks"))
        return made

    def scenario(target: argparse.ArgumentParser) -> None:
        target.add_argument(
            "scenario",
            metavar="SCENARIO",
            help=t(
                "en scenariofil, eller navnet på et ferdig scenario (national)",
                "a scenario file, or the name of a shipped one (national)",
            ),
        )

    init = command("init", "Skriv et kommentert scenario å begynne med.", "Write a commented scenario to start from.")
    init.add_argument(
        "file",
        metavar="FIL" if lang == "nb" else "FILE",
        nargs="?",
        default="scenario.yaml",
        help=t("filen som skrives (scenario.yaml)", "the file to write (scenario.yaml)"),
    )
    check = command(
        "check",
        "Kontroller scenarioer; feil vises som fil:linje:kolonne.",
        "Check scenarios; faults are shown as file:line:column.",
    )
    check.add_argument(
        "scenarios", metavar="SCENARIO", nargs="+", help=t("scenariofiler eller navn", "scenario files or names")
    )
    forecast = command(
        "forecast",
        "Simuler innføringen og skriv prognosen: rapport, tabeller, manifest.",
        "Simulate the rollout and write the forecast: report, tables, manifest.",
    )
    scenario(forecast)
    forecast.add_argument(
        "--out",
        metavar=t("MAPPE", "FOLDER"),
        help=t("mappen som skrives (out/SCENARIO)", "the folder to write (out/SCENARIO)"),
    )
    forecast.add_argument(
        "--replications",
        type=_positive,
        metavar="N",
        help=t("antall trekk (scenarioets)", "number of draws (the scenario's)"),
    )
    forecast.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help=t(
            "frø (scenarioets); samme frø gir samme bit", "seed (the scenario's); the same seed gives the same bits"
        ),
    )
    forecast.add_argument(
        "--workers",
        type=_positive,
        metavar="W",
        help=t(
            "antall prosesser (alle kjerner); påvirker ikke svaret",
            "number of processes (all cores); does not change the answer",
        ),
    )
    forecast.add_argument(
        "--trace",
        metavar=t("FIL", "FILE"),
        help=t("skriv hendelsesloggen for ett trekk som CSV", "write the event log of one draw as CSV"),
    )
    forecast.add_argument(
        "--trace-replication",
        type=int,
        default=0,
        metavar="R",
        help=t("hvilket trekk som logges (0)", "which draw is logged (0)"),
    )
    forecast.add_argument(
        "--png",
        metavar=t("FIL", "FILE"),
        help=t("skriv den nasjonale viften som PNG også", "write the national fan as PNG too"),
    )
    explain = command("explain", "Fortell ett foretaks tidslinje i ett trekk.", "Tell one unit's timeline in one draw.")
    scenario(explain)
    explain.add_argument(
        "--unit",
        "--trust",
        dest="unit",
        metavar=t("NAVN", "NAME"),
        help=t("foretaket (det første)", "the trust (the first)"),
    )
    explain.add_argument(
        "--replication", type=int, default=0, metavar="R", help=t("hvilket trekk (0)", "which draw (0)")
    )
    explain.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))
    schema = command("schema", "Skriv JSON Schema for scenariofiler.", "Write the JSON Schema of scenario files.")
    schema.add_argument(
        "--out", metavar=t("FIL", "FILE"), help=t("fil; ellers standard ut", "file; standard output if not given")
    )
    command("doctor", "Kontroller installasjonen.", "Check the installation.")
    return root


def language(given: Sequence[str]) -> str:
    """The language that the arguments ask for, before they are parsed: help has one too."""
    for index, word in enumerate(given):
        if word == "--lang=en" or (word == "--lang" and given[index + 1 : index + 2] == ["en"]):
            return "en"
    return "nb"
