"""Only the device nodes: whether a GPU that was there still is, in a few hundredths of a second."""

from envkit.guest import driver, supervising

LIMIT_S = 10.0


def report_nodes(reporter):
    """Take the looks that load nothing."""
    reporter.observe("gpu.nodes", driver.inspect_nodes)
    reporter.observe("gpu.variables", driver.inspect_gpu_variables)


supervising.run(lambda: (supervising.Stage(report_nodes, LIMIT_S),))
