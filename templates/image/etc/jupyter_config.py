"""Disable nbconvert, which is vulnerable in servers older than jupyter_server 2.20.

Converting a notebook to a page runs its scripts with the rights of the viewer (CVE-2026-44727). The fixed versions
need a newer Python than this image has. JupyterLab itself does not use the conversion.
"""

from jupyter_server.serverapp import ServerApp

ServerApp.default_services = tuple(service for service in ServerApp.default_services if service != "nbconvert")
