"""The EHR's own job: it asks about tomorrow's patients on the system's token, and nobody is logged in."""

from loadtests.journeys.visit import Journey, Role, Visit, ask


def _job(visit: Visit) -> Journey:
    yield from ask(visit)


ROLE = Role("background", "LE", "UNNTAK", None, "machine", _job)
