"""Speed of the load generator, in a process of its own, because Locust patches the standard library."""

from __future__ import annotations

import subprocess
import sys


def main() -> None:
    """Measure and report; writes out/bench/load.json."""
    subprocess.run([sys.executable, "-m", "tests.loadtests.measured"], check=True)


if __name__ == "__main__":
    main()
