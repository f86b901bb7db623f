"""Messages to the person whom a case is about (care 12, 13, 16).

Nothing of the person is kept here: who they are, how they are reached and whether they may be
written to is asked of referrals at the moment of sending. Every language and format is data beside
this (`templates`).
"""
