"""`python -m envkit`: what an SSH client's ProxyCommand runs, whatever is on its PATH."""

from envkit.cli.main import main

if __name__ == "__main__":
    main()
