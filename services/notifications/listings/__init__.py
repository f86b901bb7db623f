"""Messages about listings, to whoever keeps them: providers, and the coordinators of hubs.

Apart from the messages about cases, which go in the order of each case and are told beside it.
"""
