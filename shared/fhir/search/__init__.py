"""FHIR search: what can be searched, what a query asks for, and what a resource is found by.

``parameters`` declares, ``extract`` reads a resource, ``query`` reads a request, ``sql`` joins the
two in PostgreSQL. The table layout is known to ``sql`` and to ``shared.fhir.store`` alone.
"""
