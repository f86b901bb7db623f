"""Whether somebody can still be reached, and who is told when not.

Messages about how a party is reached are apart from those about cases: they are about a contact.
"""
