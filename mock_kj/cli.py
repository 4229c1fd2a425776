"""The command `mock-kj`. Heavy imports wait until a command needs them, so that --help is quick."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mock_kj.errors import MockKjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_kj.server import Options

EXAMPLES = """
first steps:
  mock-kj serve                                   start everything on 127.0.0.1:8480
  mock-kj client --out client.json                a ready test client for it
  mock-kj persons --case restricted_all           whom to try a privacy case with
  mock-kj contract                                what is documented, inferred, unknown, and which setting decides
  mock-kj serve --persons 5600000 --data nation   the whole nation (costs nothing until somebody writes)

This is a mock. It holds synthetic persons only and refuses numbers that could belong to a real person.
"""


# Spelt out here so that --help needs no heavy import; a test compares them with `listing.CASES`.
_PERSON_CASES = (
    "with_entries",
    "no_entries",
    "reserved",
    "restricted_all",
    "restricted_critical",
    "blocks_somebody",
    "own_information",
)


class Parser(argparse.ArgumentParser):
    """Errors end with exit code 2 and say where to read on."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line."""
        self.exit(2, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="mock-kj",
        description="A mock of Kjernejournal's critical-information API and of HelseID.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--debug", action="store_true", help="show a traceback with an error")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    serve = commands.add_parser("serve", help="start the issuer and both APIs")
    _data(serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: the loopback only)")
    serve.add_argument("--port", type=int, default=8480, help="port to listen on; 0 picks a free one (default: 8480)")
    serve.add_argument("--public-url", metavar="URL", help="address that clients use, when a proxy stands in front")
    serve.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="write the addresses here as JSON once it can answer"
    )
    serve.add_argument(
        "--processes", type=int, default=1, metavar="N", help="processes on one port (PostgreSQL advised above 1)"
    )
    serve.add_argument("--faults", type=Path, metavar="YAML", help="fault plan; see the README for its members")
    serve.add_argument("--codes", type=Path, metavar="YAML", help="further codes to check against")
    serve.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    _population(serve)
    _settings(serve)

    client = commands.add_parser("client", help="register a test client and write what it needs")
    _data(client)
    client.add_argument(
        "--out", type=Path, default=Path("client.json"), metavar="FILE", help="where to write it (default: client.json)"
    )
    client.add_argument("--client-id", metavar="ID", help="default: a random one")
    client.add_argument("--alg", default="ES256", help="algorithm of the client's key (default: ES256)")
    client.add_argument("--tenancy", default="single-tenant", choices=("single-tenant", "multi-tenant", "none"))
    client.add_argument("--legacy", action="store_true", help="a client of the legacy API: Bearer tokens, no DPoP")
    client.add_argument("--organisations", type=Path, metavar="YAML", help="as given to serve")

    populate = commands.add_parser("populate", help="fix the population of a database, and fill it with rows if asked")
    _data(populate)
    _population(populate)
    populate.add_argument(
        "--rows",
        action="store_true",
        help="write a row for everybody who has entries or choices (minutes for the nation)",
    )
    populate.add_argument("--json", action="store_true", help="print the counts as JSON")
    _settings(populate)

    persons = commands.add_parser(
        "persons", help="list synthetic persons by privacy case", description=f"Cases: {', '.join(_PERSON_CASES)}."
    )
    persons.add_argument("--case", choices=_PERSON_CASES, help="only persons of this case")
    professionals = commands.add_parser("professionals", help="list health professionals who can log in")
    professionals.add_argument("--role", metavar="CODE", help="only of this HPR role, such as LE")
    for listed in (persons, professionals):
        _data(listed)
        listed.add_argument("--db", metavar="URL", help="as given to serve")
        listed.add_argument("--organisations", type=Path, metavar="YAML", help="as given to serve")
        listed.add_argument("--count", type=int, default=20, metavar="N", help="how many at most (default: 20)")
        listed.add_argument("--json", action="store_true", help="print JSON")

    contract = commands.add_parser("contract", help="print the table of facts, certainty, settings and defaults")
    contract.add_argument("--json", action="store_true")
    _settings(contract)
    return top


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        default=Path("mock-kj-data"),
        metavar="DIR",
        help="keys, clients and database (default: mock-kj-data)",
    )


def _population(command: argparse.ArgumentParser) -> None:
    command.add_argument("--db", metavar="URL", help="database file, or postgresql://… (default: a file in --data)")
    command.add_argument("--persons", type=int, metavar="N", help="size of the population (default: 10 000)")
    command.add_argument(
        "--professionals", type=int, metavar="N", help="health professionals among them (default: 500)"
    )
    command.add_argument("--seed", type=int, help="another seed, another population (default: 1)")
    command.add_argument(
        "--rate", action="append", default=[], metavar="NAME=X", help="such as prevalence=0.05, reserved=0.001"
    )
    command.add_argument(
        "--organisations", type=Path, metavar="YAML", help="regions and trusts, such as a file of scenarios/"
    )


def _settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--settings", type=Path, metavar="YAML", help="settings file; `mock-kj contract` lists the names"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one setting; may be repeated"
    )


def options_from(args: argparse.Namespace) -> Options:
    """The server's options from the command line. Raises UsageError."""
    from mock_kj import settings
    from mock_kj.server import Options

    rates: dict[str, float] = {}
    for text in args.rate:
        name, _, value = text.partition("=")
        try:
            rates[name.replace("-", "_")] = float(value)
        except ValueError as error:
            raise UsageError("--rate", f"{text!r} must look like name=number") from error
    for name in ("persons", "professionals"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name}", "must be at least 1")
    values = {
        k: getattr(args, k)
        for k in ("host", "port", "public_url", "ready_file", "processes", "codes", "faults", "log_level")
        if hasattr(args, k)
    }
    if not 0 <= values.get("port", 0) <= 65535:
        raise UsageError("--port", "must lie between 0 and 65535")
    if not 1 <= values.get("processes", 1) <= 64:
        raise UsageError("--processes", "must lie between 1 and 64")
    if values.get("public_url"):
        values["public_url"] = values["public_url"].rstrip("/")
    return Options(
        data=args.data,
        database=args.db,
        persons=args.persons,
        professionals=args.professionals,
        seed=args.seed,
        rates=rates,
        organisations=args.organisations,
        settings=settings.load(args.settings, tuple(args.set)),
        **values,
    )


def _serve(args: argparse.Namespace) -> int:
    from mock_kj import server

    return server.serve(options_from(args))


def _client(args: argparse.Namespace) -> int:
    from mock_kj import testclient

    written = testclient.create(
        args.data,
        args.out,
        client_id=args.client_id,
        alg=args.alg,
        tenancy=args.tenancy,
        legacy=args.legacy,
        places=args.organisations,
    )
    print(f"{args.out}: client {written['client_id']} of {written['issuer']}")
    return 0


def _populate(args: argparse.Namespace) -> int:
    import asyncio

    from mock_kj import populate

    counts = asyncio.run(populate.run(options_from(args), rows=args.rows))
    print(
        json.dumps(counts)
        if args.json
        else "\n".join(f"{name:24}{value:>12,}".replace(",", " ") for name, value in counts.items())
    )
    return 0


def _list(args: argparse.Namespace) -> int:
    import asyncio

    from mock_kj import listing
    from mock_kj.server import Options

    if args.count < 1:
        raise UsageError("--count", "must be at least 1")
    options = Options(data=args.data, database=args.db, organisations=args.organisations)
    wanted = args.case if args.command == "persons" else args.role
    lines = asyncio.run(listing.run(options, args.command, wanted, args.count))
    if args.json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
        return 0
    if not lines:
        print("nobody is of this kind", file=sys.stderr)
        return 0
    cells = [list(lines[0]), *([_cell(value) for value in line.values()] for line in lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _cell(value: object) -> str:
    """One value of a list as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "-"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _contract(args: argparse.Namespace) -> int:
    from mock_kj import contract, settings

    rows = contract.table(settings.load(args.settings, tuple(args.set)))
    print(json.dumps(rows, ensure_ascii=False, indent=2) if args.json else contract.text(rows))
    return 0


COMMANDS: dict[str, Any] = {
    "serve": _serve,
    "client": _client,
    "populate": _populate,
    "persons": _list,
    "professionals": _list,
    "contract": _contract,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit code: 0 good, 1 failed, 2 wrong input, 130 interrupted."""
    args = parser().parse_args(argv)
    try:
        code: int = COMMANDS[args.command](args)
    except UsageError as error:
        if args.debug:
            raise
        print(f"mock-kj: {error}", file=sys.stderr)
        return 2
    except MockKjError as error:
        if args.debug:
            raise
        print(f"mock-kj: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
