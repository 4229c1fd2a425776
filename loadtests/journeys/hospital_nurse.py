"""A nurse in a hospital: exempt like the doctor (§ 7), and has the patient's consent to what is restricted."""

from loadtests.journeys.visit import Role, opening

ROLE = Role("hospital_nurse", "SP", "UNNTAK", "FORHOYET_SAMTYKKE", "machine", opening)
