"""What several commands do alike: find the demand, the target, and say what a run did."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from loadtests.demand import Demand, read
from loadtests.errors import UserError
from loadtests.scenario import Scenario, find, load, scaled


def demand_of(path: Path, scenario: Scenario, given: str | None) -> Demand:
    """The demand that a scenario plays: the one given, or its own (relative to the scenario). Raises UserError."""
    return read(Path(given)) if given else read(path.parent / scenario.demand)


def scenario_arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """Which scenario is played, with what demand, how long and how large."""
    made.add_argument("scenario", help=t("scenariofil eller navn (monday-morning)", "scenario file or name"))
    made.add_argument("--demand", metavar=t("FIL", "FILE"), help=t("en annen etterspørsel", "another demand"))
    made.add_argument("--seed", type=int, metavar="S", help=t("et annet frø", "another seed"))
    made.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help=t("hele formen på så mange sekunder, feil i mocken med", "the whole shape in so many seconds, faults too"),
    )
    made.add_argument(
        "--factor", type=float, default=1.0, metavar="X", help=t("alle rater ganger X", "all rates times X")
    )


def scenario_of(options: argparse.Namespace) -> tuple[Path, Scenario, Demand]:
    """The file, the scenario as it is to be played, and its demand. Raises UserError."""
    path = find(options.scenario)
    scenario = scaled(load(path), options.seconds, options.factor)
    if options.seed is not None:
        scenario = scenario.model_copy(update={"seed": options.seed})
    return path, scenario, demand_of(path, scenario, options.demand)


def target_arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """Another target than a mock of our own."""
    made.add_argument(
        "--target",
        metavar="URL",
        help=t("et API som allerede kjører (ellers startes mock-kj)", "a running API (else mock-kj is started)"),
    )
    made.add_argument(
        "--client", type=Path, metavar="FILE", help=t("klientfil for dagens API", "client file of the current API")
    )
    made.add_argument(
        "--legacy-client",
        type=Path,
        metavar="FILE",
        help=t("klientfil for det eldre API-et", "client file of the legacy API"),
    )
    made.add_argument(
        "--patients",
        type=Path,
        metavar="FILE",
        help=t(
            "pasientene der, når tjenesten ikke lar seg registrere nye (kj-patients/1)",
            "the patients there, where none can be registered (kj-patients/1)",
        ),
    )
    made.add_argument(
        "--allow",
        type=Path,
        metavar="FILE",
        help=t("verter som kan lastes, med begrunnelse", "hosts that may be loaded, with reasons"),
    )


def check_target(options: argparse.Namespace, scenario: Scenario) -> str | None:
    """The address that is asked for, judged before anything else happens. Raises UserError."""
    from loadtests.target import allowed

    address: str | None = options.target or scenario.target
    if address is None:
        if options.patients is not None:
            raise UserError("--patients hører til --target", "--patients goes with --target")
        return None
    allowed(address, options.allow)
    if options.client is None or (options.legacy_client is None and scenario.mix.legacy > 0):
        raise UserError(
            "--target trenger --client, og --legacy-client når mix.legacy er over 0 (lag dem med «mock-kj client» og "
            "«mock-kj client --legacy»)",
            "--target needs --client, and --legacy-client where mix.legacy is above 0 (make them with «mock-kj client» and "
            "«mock-kj client --legacy»)",
        )
    return address


def progress(text: str, *, last: bool = False) -> None:
    """A line that is written over on a terminal; elsewhere nothing."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="\n" if last else "", file=sys.stderr, flush=True)
