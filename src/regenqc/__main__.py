"""`python -m regenqc`: the command line."""

from regenqc.cli.main import run

if __name__ == "__main__":
    run()
