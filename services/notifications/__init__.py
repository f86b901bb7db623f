"""From event to person: contacts, deliveries, channels, receipts, answer links."""
