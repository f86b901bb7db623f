"""FHIR Subscriptions in R4 by the Subscriptions Backport guide: rest-hook, id-only or empty.

`registering` reads and checks a Subscription (`channels`, `filtering`), `dispatching` numbers what
it is to be told of, `notifying` builds the notification and sends it through the delivery engine.
"""
