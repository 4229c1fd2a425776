"""What is compared: the null alternative, interventions, packages of them, saved scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.errors import UserError
from sim.experiments.posterior import fitted_hash
from sim.language import Text, month_name
from sim.scenario import intervention, text
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load

_NULL = "null"
_EITHER = Text("et tiltak, eller et scenario med tiltak", "an intervention, or a scenario with interventions")


@dataclass(frozen=True)
class Alternative:
    """The null alternative (no interventions), one intervention, or a package of them."""

    key: str  # «eid-nurses@2026-09+elearning@2027-01»; «null»
    interventions: tuple[Intervention, ...]
    label: str = ""  # what a matrix file calls it
    known: tuple[str, ...] = ()  # for each intervention, the letter of an earlier alternative that is it alone, or ""
    alike: frozenset[str] = frozenset()  # keys of interventions that only their keys tell apart
    saved: Loaded | None = None  # the scenario file that carries them out, where one was given

    def title(self, lang: str) -> str:
        """What people read: each intervention's title, start and, where it is narrowed, reach."""
        if self.label:
            return self.label
        return " + ".join(self._titles(lang)) or ("nullalternativet" if lang == "nb" else "null alternative")

    def short(self, lang: str) -> str:
        """The title, with the letters of what has been named before."""
        if self.label or not any(self.known):
            return self.title(lang)
        return " + ".join(k or t for k, t in zip(self.known, self._titles(lang), strict=True))

    def _titles(self, lang: str) -> list[str]:
        found = []
        for one in self.interventions:
            year, month = map(int, one.start.split("-"))
            begins = month_name(year, month, lang)
            where = "".join(f", {name}" for name in (*one.form.reach.regions, *one.form.reach.trusts))
            key = f", {one.key}" if one.key in self.alike else ""
            found.append(f"{one.title(lang)} ({'fra' if lang == 'nb' else 'from'} {begins}{where}{key})")
        return found

    def begins_after(self, month: str) -> bool:
        """Whether all that it consists of begins after ``month``, so that it cannot work by then."""
        return bool(self.interventions) and all(one.start > month for one in self.interventions)


def letter(alternative: int) -> str:
    """A, B, C … for the alternatives; the null alternative is 0."""
    return "0" if alternative == 0 else chr(ord("A") + (alternative - 1) % 26) + "'" * ((alternative - 1) // 26)


def alternatives(asked: Sequence[str | tuple[str, str]]) -> list[Alternative]:
    """The null alternative and those asked for, each «eid-nurses», «eid-nurses@2026-09» or a package «a+b», perhaps with a label.

    A scenario file that carries out interventions («mine.yaml», as ``utrulling web`` saves it) is a package too.

    Raises:
        UserError: an intervention is unknown or faulty, or an alternative stands twice.
    """
    found = [Alternative(_NULL, ())]
    for one in asked:
        stated, label = (one, "") if isinstance(one, str) else one
        saved = _saved(stated)
        if saved is not None:
            if any(saved.name == other.key for other in found):
                raise UserError(f"«{stated}» står to ganger", f"«{stated}» stands twice")
            found.append(Alternative(saved.name, saved.interventions, label or saved.scenario.title, saved=saved))
            continue
        names = [name.strip() for name in stated.split("+")]
        if not all(names):
            raise UserError(
                f"«{stated}»: et tiltak mangler rundt +", f"«{stated}»: an intervention is missing around +"
            )
        chosen = tuple(intervention.find(name) for name in names)
        key = "+".join(one.name for one in chosen)
        if any(key == other.key for other in found):
            raise UserError(f"«{stated}» står to ganger", f"«{stated}» stands twice")
        found.append(Alternative(key, chosen, label))
    return _told_apart(found)


def _saved(name: str) -> Loaded | None:
    """The scenario file of a name, if it is one that carries out interventions."""
    path = Path(name)
    if not path.suffix or not path.is_file() or "interventions" not in text.read(path, _EITHER)[0]:
        return None
    return load(path)


def mark(one: Intervention) -> tuple[str, str]:
    """What an intervention is: its name with its start, and what it changes, which a scenario may have made more or less."""
    return one.name, str(one.form.adds)


def on(one: Alternative, base: Loaded) -> Alternative:
    """The alternative without what the base scenario carries out itself.

    Raises:
        UserError: it is a scenario file that builds on another scenario.
    """
    if one.saved is None:
        return one
    standing = {mark(i) for i in base.interventions}
    own = tuple(i for i in one.interventions if mark(i) not in standing)
    theirs, ours = (
        fitted_hash(s.scenario.model_copy(update={"interventions": []})) for s in (load(base.given, own), one.saved)
    )
    if theirs != ours:
        raise UserError(
            f"{one.saved.path} bygger på et annet scenario enn {base.given} og kan ikke være et alternativ til det",
            f"{one.saved.path} builds on another scenario than {base.given} and cannot be an alternative to it",
        )
    return replace(one, interventions=own)


def _told_apart(found: list[Alternative]) -> list[Alternative]:
    """The alternatives with letters for what stands alone earlier, and keys where titles, start and reach are alike."""
    looks: dict[tuple[str, str, str], set[str]] = {}
    for i in (i for a in found for i in a.interventions):
        looks.setdefault((i.title("nb"), i.start, str(i.form.reach)), set()).add(i.key)
    alike = frozenset(key for keys in looks.values() if len(keys) > 1 for key in keys)
    alone: dict[tuple[str, str], str] = {}
    told = []
    for a, one in enumerate(found):
        known = tuple(alone.get(mark(i), "") for i in one.interventions)
        told.append(replace(one, known=known, alike=alike))
        if len(one.interventions) == 1:
            alone[mark(one.interventions[0])] = letter(a)
    return told
