"""The command line: a table from verb to function, and the only module that sees every room."""


def main() -> int:
    """Run one verb and return its exit code."""
    return 0
