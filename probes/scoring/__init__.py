"""Scoring of what was said: facts, conduct and promises, in English, Italian, Romanian and Arabic."""
