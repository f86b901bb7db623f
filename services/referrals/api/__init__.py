"""The case API under `/referrals`: what link workers, providers and hubs do, in plain JSON.

The FHIR API beside it reaches the same use cases through Task and ServiceRequest.
"""
