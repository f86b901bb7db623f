"""Bringing a provider in: from 'we heard of them' to published, by what its tier demands."""
