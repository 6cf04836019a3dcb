"""The program of another container: knock at what it is told, and tell what opened."""

import sys

from envkit.guest import port_scan, supervisor

LIMIT_S = 10.0


def report_ports(reporter):
    """Take the one look."""
    reporter.observe("neighbour.knocked", lambda: port_scan.scan_ports(sys.argv[2:]))


def stages():
    """Return what is looked at, within the seconds that were given."""
    return (supervisor.Stage(report_ports, float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S),)


supervisor.run(stages)
