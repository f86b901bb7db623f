"""Signing in: OpenID Connect with the issuer, and the session of a browser."""
