"""An experiment on a real desk: scenario and plan in, measured contact log out."""
