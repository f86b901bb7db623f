"""Referrals: the FHIR API, cases, people and the workflow; the only writer of Kersey's Tasks."""
