"""The OAuth 2 issuer: who may ask Kersey for what. Any other OIDC issuer can stand in its place."""
