"""Only the device nodes: whether a GPU that was there still is, in a few hundredths of a second."""

from envkit.guest import driver, supervising

LIMIT_S = 10.0


def look(teller):
    """Take the looks that load nothing."""
    teller.look("gpu.nodes", driver.look_nodes)
    teller.look("gpu.variables", driver.look_variables)


supervising.run(lambda: (supervising.Stage(look, LIMIT_S),))
