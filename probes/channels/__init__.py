"""The channels: one file each, one contract, one line each in the table."""
