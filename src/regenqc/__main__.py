"""`python -m regenqc`: the command line."""

from regenqc.cli.main import main

if __name__ == "__main__":
    main()
