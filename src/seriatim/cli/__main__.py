"""`python -m seriatim.cli` does what `seriatim` does."""

import sys

from seriatim.cli import main

if __name__ == "__main__":
    sys.exit(main())
