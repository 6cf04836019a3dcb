"""Import all modules that a session uses, which checks the server's environment and compiles them."""

from importlib import import_module

from jupyter_server.serverapp import JUPYTER_SERVICE_HANDLERS
from jupyterlab.labapp import version

# Modules that the server imports by name or at the first request.
LAZY_MODULES = (
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

for module in (*LAZY_MODULES, *HANDLERS):
    import_module(module)
print(f"JupyterLab {version} imports")  # noqa: T201 - for the build log
