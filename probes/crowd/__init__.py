"""The crowd: many customers at once, on one asyncio loop; and the Locust worker that hosts it."""
