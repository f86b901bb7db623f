"""What a hub's coordinator looks over: how much waits, whose listings to look at, who has room."""
