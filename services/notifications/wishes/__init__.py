"""How an organisation wishes to be told: quiet hours, a rota by weekday, what it need not hear."""
