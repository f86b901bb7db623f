"""OpenID Connect: what a sign-in gives to a client (authorization code flow)."""
