"""``python -m trackyard.core.cli`` is the command ``trackyard``."""

import sys

from trackyard.core.cli.main import main

sys.exit(main())
