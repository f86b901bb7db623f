"""From a record to a listing: earlier versions' names, ids, and repairs by declared rules alone."""
