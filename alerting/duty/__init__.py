"""Who is called, when, and who answered: units and their rota, incidents, escalation. What decides here is pure."""
