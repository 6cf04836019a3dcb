"""IPython in the workspace: `%pip` and `%uv` say why a package is refused."""

c = get_config()  # noqa: F821 - IPython runs this file with it

c.InteractiveShellApp.exec_files = ["/etc/envkit/ipython_magics.py"]
