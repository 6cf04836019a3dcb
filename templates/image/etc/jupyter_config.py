"""For servers older than jupyter_server 2.20: what their known hole is in is not served.

Converting a notebook to a page runs the scripts in it with the rights of who looks (CVE-2026-44727). The newer
versions that close this need a newer Python than this image has. JupyterLab itself converts nothing.
"""

from jupyter_server.serverapp import ServerApp

ServerApp.default_services = tuple(one for one in ServerApp.default_services if one != "nbconvert")
