"""The web pages: the start page, and what stands behind an answer link. No database of record."""
