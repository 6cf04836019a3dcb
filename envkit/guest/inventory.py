"""Take stock of a container: files with privileges, processes, mounts, sockets.

It runs as a user whom the workspace cannot trace or signal, and whose programs and modules belong to the image. It
changes nothing.
"""

import json
import os
import sys

from envkit.guest import file_inventory, gateway_scan, process_inventory, supervisor, values

LIMIT_S = 60.0


def report_inventory(reporter):
    """Report every list."""
    arguments = json.loads(sys.argv[1])
    inventory = file_inventory.Inventory(arguments["uid"], arguments["gid"], values.SECRET.encode("ascii"))
    reporter.observe("inventory.files", inventory.scan)
    reporter.observe("inventory.mounts", process_inventory.list_mounts)
    reporter.observe("inventory.processes", lambda: process_inventory.list_processes(os.getuid()))
    reporter.observe("inventory.network", lambda: process_inventory.list_network(frozenset(arguments["ports"])))
    reporter.observe("inventory.gateway", lambda: gateway_scan.scan_gateways(arguments["host_ports"]))


def stages():
    """Return the stages."""
    return (supervisor.Stage(report_inventory, LIMIT_S, failure_name="inventory.ended"),)


supervisor.run(stages)
