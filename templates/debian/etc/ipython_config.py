"""IPython in the workspace: `%pip` and `%uv` explain why a package is refused."""

c = get_config()  # noqa: F821 - provided by IPython

c.InteractiveShellApp.exec_files = ["/etc/envkit/ipython_magics.py"]
