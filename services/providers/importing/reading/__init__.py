"""From bytes to records: JSON, lines of JSON, a CSV data package, a paged feed."""
