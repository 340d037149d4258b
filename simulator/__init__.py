"""An experiment in thought: scenario and plan in, simulated contact log out."""
