"""What both generations share: the parts, the patient's origin, the caller as the access rule wants it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from mock_kj import access, identity, samples
from mock_kj.access import Privacy, Rules, Who
from mock_kj.api.tokens import Caller, TokenCheck
from mock_kj.cases import Case, with_overrides
from mock_kj.clock import Clock
from mock_kj.codes import CodeRegister
from mock_kj.errors import Refusal
from mock_kj.faults import Faults
from mock_kj.metrics import Metrics
from mock_kj.organisations import Organisation
from mock_kj.outcome import ServiceName
from mock_kj.population import Besides, Population, Professional
from mock_kj.settings import Settings
from mock_kj.statistics import Tally
from mock_kj.store.model import EntryRow, Origin, Store, Summary


class Actor(NamedTuple):
    """A caller in a role: as the access rule wants him, and what the usage log says of him (A-LOG)."""

    who: Who
    logged: tuple[str | None, str | None, str | None, str | None, str | None, str | None]


@dataclass
class Service:
    """The parts that an API needs, and the rules as settings make them."""

    settings: Settings
    store: Store
    population: Population
    tokens: TokenCheck
    legacy_tokens: TokenCheck
    register: CodeRegister
    clock: Clock
    faults: Faults
    metrics: Metrics
    tally: Tally
    public_url: str
    rules: Rules = field(init=False)
    cases: Mapping[str, Case] = field(init=False)
    name: ServiceName = field(init=False)
    organisations: dict[str, Organisation] = field(init=False)
    in_flight: int = 0

    def __post_init__(self) -> None:
        s = self.settings
        self.rules = Rules(
            s.required_security_level,
            frozenset(s.consent_exempt_roles),
            s.elevated_without_restriction,
            s.check_organisation,
        )
        self.cases = with_overrides(s.cases)
        self.name = ServiceName(application_version=s.application_version, environment=s.environment)
        self.organisations = {o.child: o for o in self.population.organisations}
        self._origin = lru_cache(maxsize=20_000)(self._find_origin)
        self._professional = lru_cache(maxsize=50_000)(self.population.professional)
        self.actor = lru_cache(maxsize=50_000)(self._find_actor)

    # --- patients -------------------------------------------------------------------------------------------------

    def check_nin(self, nin: str) -> None:
        """The number is valid and synthetic.

        Raises:
            Refusal: nin-invalid or nin-real.

        """
        kind = classify(nin, self.settings.rule_2032)
        if kind == "invalid":
            raise Refusal("nin-invalid")
        if kind == "real" and not self.settings.allow_real_numbers:
            raise Refusal("nin-real")

    def origin(self, nin: str) -> Origin | None:
        """What the population says of a patient; None for somebody it does not know."""
        return self._origin(nin)

    def _find_origin(self, nin: str) -> Origin | None:
        index = self.population.index(nin)
        return None if index is None else samples.initial(self.population, index, nin, self.settings.category_system)

    def besides(self, nin: str) -> Besides:
        """What else the kjernejournal of a person of the population holds; of others nothing is known."""
        index = self.population.index(nin)
        return Besides() if index is None else self.population.besides(index)

    async def privacy(self, nin: str) -> Privacy | None:
        """What the patient has chosen: the store's row, else the population's; None without a kjernejournal."""
        row = await self.store.patient(nin)
        if row is not None:
            return row.privacy
        found = self.origin(nin)
        return None if found is None else found[0].privacy

    async def state(self, nin: str) -> tuple[Privacy | None, list[Summary]]:
        """Choices and entries in short; entries are in the store only if the patient is."""
        row = await self.store.patient(nin)
        if row is not None:
            return row.privacy, await self.store.summaries(nin)
        found = self.origin(nin)
        if found is None:
            return None, []
        return found[0].privacy, [Summary(e.info_type, e.state, e.valid_until, e.updated) for e in found[1]]

    async def entry(self, nin: str, identifier: str) -> EntryRow | None:
        """The newest version of one entry, of the store or of the population."""
        row = await self.store.entry(nin, identifier)
        if row is None and await self.store.patient(nin) is None:
            found = self.origin(nin)
            row = next((e for e in found[1] if e.id == identifier), None) if found else None
        return row

    # --- callers --------------------------------------------------------------------------------------------------

    def professional(self, caller: Caller) -> Professional | None:
        """The caller in HPR."""
        return self._professional(caller.hpr_number) if isinstance(caller.hpr_number, str) else None

    def _find_actor(self, caller: Caller, role: str | None) -> Actor:
        """A caller in the role that he names; None means the one in HPR (legacy names none)."""
        found = self.professional(caller)
        named = role if role is not None else (found.role if found else None)
        place = self.organisations.get(caller.orgnr_child or "")
        who = Who(
            caller.security_level,
            caller.hpr_number if found else None,
            named,
            found is not None and found.active and named == found.role,
            caller.orgnr_parent is not None and caller.orgnr_child is not None,
            place is not None,
        )
        return Actor(
            who,
            (
                caller.hpr_number,
                found.name if found else None,
                role,
                caller.orgnr_parent,
                caller.orgnr_child,
                place.name if place else None,
            ),
        )

    @staticmethod
    def admit(
        who: Who, operation: access.Operation, privacy: Privacy | None, basis: access.Basis | None, rules: Rules
    ) -> None:
        """Apply the access rule.

        Raises:
            Refusal: the rule's refusal.

        """
        refusal = access.decide(who, operation, privacy, basis, rules)
        if refusal is not None:
            raise Refusal(refusal)


@lru_cache(maxsize=100_000)
def classify(nin: str, rule_2032: bool) -> str:
    """`identity.classify`, remembered; a number does not change."""
    return identity.classify(nin, rule_2032=rule_2032)


_RUN, _SERIAL = secrets.token_hex(12), count(1 << 28)


def event_id() -> str:
    """A fresh event id: the process's own random prefix and a serial number."""
    return f"{_RUN}{next(_SERIAL):x}"
