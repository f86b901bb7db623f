"""How services tell each other what happened: events, outbox and inbox, and the brokers."""
