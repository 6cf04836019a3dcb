"""`%pip` and `%uv` run the workspace's commands, which apply its constraints and explain them."""


def _register():
    import os

    shell = get_ipython()  # noqa: F821 - IPython runs this file in the user's namespace
    # A redrawn progress bar fills a notebook with its intermediate states.
    os.environ["UV_NO_PROGRESS"] = "1"
    os.environ["PIP_PROGRESS_BAR"] = "off"

    def make_magic(program):
        def magic(line):
            shell.system(f"/opt/envkit/bin/{program} {line}")
            if " install " in f" {line} " and shell.user_ns.get("_exit_code") == 0:
                print("Note: you may need to restart the kernel to use updated packages.")  # noqa: T201

        magic.__doc__ = f"Run {program} in this workspace."
        return magic

    for program in ("pip", "uv"):
        shell.register_magic_function(make_magic(program), "line", program)


_register()
del _register
