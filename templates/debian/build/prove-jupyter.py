"""The server's environment holds what a session uses: all of it imports, and is compiled by that."""

from importlib import import_module

from jupyter_server.serverapp import JUPYTER_SERVICE_HANDLERS
from jupyterlab.labapp import version

# What the server loads late, by name or at the first request.
LATE = (
    "IPython.display",
    "anyio._backends._asyncio",
    "babel.numbers",
    "ipykernel.kernelspec",
    "jinja2.ext",
    "jupyter_core.migrate",
    "jupyter_lsp.serverextension",
    "jupyter_lsp.virtual_documents_shadow",
    "jupyter_server.services.shutdown",
    "jupyter_server_proxy",
    "jupyter_server_terminals.app",
    "nbconvert.exporters",
    "tornado.platform.asyncio",
)
HANDLERS = (name for names in JUPYTER_SERVICE_HANDLERS.values() for name in names or ())

for module in (*LATE, *HANDLERS):
    import_module(module)
print(f"JupyterLab {version} imports")  # noqa: T201 - for the log of the build
