"""A nurse in municipal care: works on the patient's consent and opens nothing that the patient has restricted."""

from loadtests.journeys.visit import Role, opening

ROLE = Role("municipal_nurse", "SP", "SAMTYKKE", None, "user", opening)
