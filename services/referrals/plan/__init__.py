"""The plan of a case: how the person is, what they want, what was agreed with whom, what is next.

It is for the link worker who cares for the person; nobody else reads any of it.
"""
