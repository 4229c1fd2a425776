"""A matrix file: one alternative a row, one intervention a column; CSV as spreadsheets write it.

The first column names the alternative. A cell is empty, «nei», «0» or «-» (not in the alternative), «x», «ja» or «1» (in it, from
the intervention's own start) or a month (in it, from then): «2026-09».
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from sim.errors import UserError, why

_NO, _YES = {"", "0", "nei", "no", "-"}, {"x", "1", "ja", "yes"}
_MONTH = re.compile(r"^20[0-9]{2}-(0[1-9]|1[0-2])$")


def read(path: Path) -> list[tuple[str, str]]:
    """What to compare, as («eid-nurses@2026-09+elearning», the row's name).

    Raises:
        UserError: the file cannot be read or a cell means nothing; the message names the file and the line.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = why(error)
        raise UserError(f"{path} kan ikke leses: {reason.nb}", f"{path} cannot be read: {reason.en}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} er ikke UTF-8; lagre som CSV UTF-8", f"{path} is not UTF-8; save as CSV UTF-8"
        ) from error
    head = content.split("\n", 1)[0]
    rows = list(csv.reader(io.StringIO(content), delimiter=";" if head.count(";") > head.count(",") else ","))
    rows = [[cell.strip() for cell in row] for row in rows]
    if not rows or len(rows[0]) < 2:
        raise UserError(
            f"{path}:1: første rad skal være et navn og så tiltakene",
            f"{path}:1: the first row must be a name and the interventions",
        )
    names, found = rows[0][1:], []
    for line, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        parts = []
        for name, cell in zip(names, row[1:], strict=False):
            if cell.lower() in _YES:
                parts.append(name)
            elif _MONTH.match(cell):
                parts.append(f"{name}@{cell}")
            elif cell.lower() not in _NO:
                raise UserError(
                    f"{path}:{line}: «{cell}» under {name} skal være tom (eller nei, 0, -), x (eller ja, 1) eller en måned som 2026-09",
                    f"{path}:{line}: «{cell}» under {name} must be empty (or no, 0, -), x (or yes, 1) or a month such as 2026-09",
                )
        if not parts:
            raise UserError(
                f"{path}:{line}: raden har ingen tiltak; nullalternativet er alltid med",
                f"{path}:{line}: the row has no intervention; the null alternative is always there",
            )
        found.append(("+".join(parts), row[0]))
    if not found:
        raise UserError(f"{path} har ingen alternativer", f"{path} has no alternatives")
    return found
