"""What a hub announces to its link workers and to the staff of its providers; never to persons.

Whoever is signed in reads it on their first page until it ends. A provider's contacts get it with
their message of the day, unless they muted it; at once by their own channel where it is urgent.
"""
