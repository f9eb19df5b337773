"""`python -m ccc`, the same as `git ccc`."""

from ccc.cli.main import run

if __name__ == "__main__":
    run()
