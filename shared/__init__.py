"""The library that every service builds on. It knows no service by name."""
