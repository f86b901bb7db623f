"""The issuer's own pages: signing in, taking up an invitation, seeing one's sign-ins.

They work without scripts and without the style sheet.
"""
