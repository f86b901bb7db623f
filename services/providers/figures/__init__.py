"""What the directory holds and what is missing in it, in numbers that tell of nobody."""
