"""Inspect only the GPU device nodes, in a few hundredths of a second, to detect a lost GPU."""

from envkit.guest import gpu_driver, supervisor

LIMIT_S = 10.0


def report_nodes(reporter):
    """Run the inspections that load no library."""
    reporter.observe("gpu.nodes", gpu_driver.inspect_nodes)
    reporter.observe("gpu.variables", gpu_driver.inspect_gpu_variables)


supervisor.run(lambda: (supervisor.Stage(report_nodes, LIMIT_S),))
