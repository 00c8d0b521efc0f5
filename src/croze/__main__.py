"""`python -m croze`, the same as the command `croze`."""

import sys

from croze.cli import main

if __name__ == "__main__":
    sys.exit(main())
