"""Comparing what the services know of each other: each projection with its owner, each event with
what came of it. Reads only, and tells ids and codes only.
"""
