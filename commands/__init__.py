"""The verbs of the command line: each reads its arguments, calls the rooms and prints; what it computes is theirs."""
