"""`python tests/chaos/run.py --documents 20000 --kills 200 --redis-restarts 5 --seed 1`: prints JSON.

Ends with status 1 if a document was lost, counted twice, not finished, reported differently from an
undisturbed run, or left something behind.
"""

import argparse
import json
import sys
from pathlib import Path

# In the place of this folder, so that it is a package here as it is for the tests.
sys.path[0] = str(Path(__file__).parents[1])

from chaos.campaign import Campaign, Plan  # noqa: E402
from chaos.sabotage import Sabotage  # noqa: E402


def main() -> int:
    """Run a campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--redis-restarts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--control",
        type=Sabotage,
        choices=[one for one in Sabotage if one],
        default=Sabotage.NONE,
        help="a part of the design to leave out; the run should then end with status 1",
    )
    parser.add_argument("--lease-s", type=float, default=2.0)
    asked = parser.parse_args()
    outcome = Campaign(Plan(**vars(asked))).run()
    print(json.dumps(outcome.report, indent=2))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
