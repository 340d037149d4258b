"""Fixtures that every test of the probes can ask for by name."""

from tests.probes.helpdesk_fixture import helpdesk

__all__ = ["helpdesk"]
