"""What mail servers and readers say of mails: that they did not arrive, or are not wanted.

Read from a mailbox or taken over HTTP; both come to `taking`.
"""
