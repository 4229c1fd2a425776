"""A GP (or a contract specialist): logged in all day, so the user's own token asks for status too."""

from loadtests.journeys.visit import Role, opening

ROLE = Role("gp", "LE", "UNNTAK", "FORHOYET_SAMTYKKE", "user", opening)
