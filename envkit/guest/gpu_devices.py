"""Only the device nodes: whether a GPU that was there still is, in a few hundredths of a second."""

from envkit.guest import gpu_driver, supervisor

LIMIT_S = 10.0


def report_nodes(reporter):
    """Take the looks that load nothing."""
    reporter.observe("gpu.nodes", gpu_driver.inspect_nodes)
    reporter.observe("gpu.variables", gpu_driver.inspect_gpu_variables)


supervisor.run(lambda: (supervisor.Stage(report_nodes, LIMIT_S),))
