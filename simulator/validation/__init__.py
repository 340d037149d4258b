"""Published and exact systems, rebuilt as scenarios and simulated: what `testdrive validate` runs."""
