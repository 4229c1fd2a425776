"""A doctor in a hospital: the EHR asks as the patient is opened; the doctor is exempt from consent (§ 7)."""

from loadtests.journeys.visit import Role, opening

ROLE = Role("hospital_doctor", "LE", "UNNTAK", "FORHOYET_AKUTT", "machine", opening)
