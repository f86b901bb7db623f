"""The notices of an organisation in the pages: what a message would say, for whoever is signed in.

The channel `inbox` puts them there; each member of staff reads them for themself.
"""
