"""The desk's files are run by its own process, never imported as tests or for their doctests."""

collect_ignore_glob = ["*.py"]
