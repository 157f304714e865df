"""Run the command line with ``python -m cloudlet``."""

from cloudlet.cli import main

if __name__ == "__main__":
    main()
