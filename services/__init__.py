"""The services: each a room of its own, none of which imports another."""
