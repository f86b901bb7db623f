"""What clients write through FHIR, and what follows: cases, persons, workflow, Subscriptions."""
