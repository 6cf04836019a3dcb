"""Program of an attacking container: connect to addresses from its arguments, and report which accept."""

import sys

from envkit.guest import port_scan, supervisor

LIMIT_S = 10.0


def report_ports(reporter):
    """Run the port scan."""
    reporter.observe("neighbour.knocked", lambda: port_scan.scan_ports(sys.argv[2:]))


def stages():
    """Return the stage, within the seconds of the first argument."""
    return (supervisor.Stage(report_ports, float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S),)


supervisor.run(stages)
