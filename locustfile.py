"""So that plain `locust -f locustfile.py` works: the crowd plays the customers, Locust shows them.

Example: locust -f locustfile.py --headless --scenario S.yaml --target-file t.yaml --charter c.yaml
"""

from probes.crowd.locust_host import CrowdWatcher, host_crowd

__all__ = ["CrowdWatcher"]

host_crowd(expects="commands.band", tells="commands.finished")
