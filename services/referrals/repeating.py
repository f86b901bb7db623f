"""A use case that lost to another one, a deadlock or a failed serialization, is made again.

Nothing of it was committed, and its client must not hear of what the database settles by itself.
"""

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from shared.fhir.writer import worth_repeating

repeating = retry(
    retry=retry_if_exception(worth_repeating),
    wait=wait_random_exponential(multiplier=0.02, max=0.5),
    stop=stop_after_attempt(6),
    reraise=True,
)
"""Decorates a function that is one transaction from its beginning to its end."""
