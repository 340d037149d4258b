"""Beliefs: the typed scenario, laws, keyed draws and the plan. Draws nothing from elsewhere and runs nothing."""
