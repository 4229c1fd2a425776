"""A doctor out of hours: the patient is unknown and may not be able to consent, so the basis is the emergency."""

from loadtests.journeys.visit import Role, opening

ROLE = Role("out_of_hours", "LE", "AKUTT", "FORHOYET_AKUTT", "user", opening)
