"""`python tests/fuzz_api.py --examples 300`: requests of all sorts to a running gateway, by its description.

schemathesis makes them, right ones and wrong ones, and holds each answer against what the description says;
behind the gateway are a real Redis, real workers and the real merge around lenses that answer at once.
Needs `pip install schemathesis`. Ends with its status; 0 if no answer broke a promise or was a 5xx.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# In the place of this folder's, so that `chaos` is a package here as it is for the tests.
sys.path[0] = str(Path(__file__).parent)

from chaos.measure import gateway  # noqa: E402
from chaos.stack import LightStack  # noqa: E402

#: What a schema cannot say is refused by these: that a model is known, that two options go together, that a
#: body is short enough, that a cursor is one that was given out.
_SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "404", "409", "410", "413", "422"]
"""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=300, help="most cases of a phase for each route")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or "schemathesis"
    env = {"BIFOCAL_SHARD_DOCUMENTS": "32", "BIFOCAL_WEBHOOK_SECRET": "whsec_" + "A" * 43 + "="}
    with (
        LightStack(env=env) as stack,
        gateway(stack) as (client, _),
        tempfile.TemporaryDirectory() as scratch,
    ):
        Path(scratch, "schemathesis.toml").write_text(_SETTINGS)
        command = [
            *(program, "run", f"{client.url}/openapi.json"),
            *("--checks", "all", "--continue-on-failure", "--no-shrink"),
            *("--max-examples", str(asked.examples), "--seed", str(asked.seed), "--request-timeout", "60"),
        ]
        # Away from the repository, whose pytest settings and files are not meant for it.
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, cwd=scratch, env=environment, check=False)
        _, _, fault = (stack.folder / "logs" / "gateway.log").read_text().partition(" ERROR ")
        print(fault[:8_000])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
