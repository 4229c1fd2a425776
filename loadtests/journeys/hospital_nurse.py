"""A nurse in a hospital: exempt like the doctor, has the patient's consent to what is restricted, registers treatment."""

from loadtests import fhir
from loadtests.journeys.visit import Role, opening

ROLE = Role("hospital_nurse", "SP", "UNNTAK", "FORHOYET_SAMTYKKE", "machine", fhir.ONGOING_TREATMENT, opening)
