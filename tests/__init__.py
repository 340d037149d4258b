"""The tests: a package, as Ciw installs one of the same name, which would otherwise be found instead."""
