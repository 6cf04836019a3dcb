"""`%pip` and `%uv` by the workspace's own commands, which install under its constraints and give reasons."""


def _register():
    shell = get_ipython()  # noqa: F821 - IPython runs this file in the user's namespace

    def through(program):
        def magic(line):
            shell.system(f"/opt/envkit/bin/{program} {line}")
            if line.split()[:1] == ["install"] or line.split()[:2] == ["pip", "install"]:
                print("Note: you may need to restart the kernel to use updated packages.")

        magic.__doc__ = f"Run {program} in this workspace."
        return magic

    for program in ("pip", "uv"):
        shell.register_magic_function(through(program), "line", program)


_register()
del _register
