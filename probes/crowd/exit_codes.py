"""Exit codes of a crowd's processes, as the command line's; light, for hosts that load nothing else of ours."""

MISSED, BAD_INPUT, UNFIT, REFUSED, UNREACHABLE, OUR_FAULT, INTERRUPTED = 1, 2, 4, 5, 6, 70, 130
