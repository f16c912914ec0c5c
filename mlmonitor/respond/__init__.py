"""What is done by itself when a page stands: Alertmanager's webhook, a ladder of steps, breakers."""
