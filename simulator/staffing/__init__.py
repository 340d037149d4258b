"""The cheapest people that keep the goals: how many seats in each interval, in which shifts, and how sure that is."""
