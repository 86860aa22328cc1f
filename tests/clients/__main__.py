"""``make test-clients``: installs the coding tools, then drives them where nothing but loopback can be reached."""

import argparse
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clients.packages import PACKAGES, NotInstalledError, cache, install

FOLDER = Path(__file__).parent
ISOLATE = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]
"""A network and processes of its own: what a tool leaves running in the background ends with the tests."""
WITHIN = 'ip link set lo up && exec "$@"'


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; what is not ours is pytest's."""
    parser = argparse.ArgumentParser(prog="clients", description="Drive coding tools against the gateway.")
    parser.add_argument("--only", nargs="+", metavar="CLIENT", choices=PACKAGES, default=list(PACKAGES))
    parser.add_argument("--newest", action="store_true", help="install the newest versions again")
    return parser.parse_known_args()


def install_all(clients: list[str], *, newest: bool) -> None:
    """Install the tools and say what is there."""
    for client in clients:
        try:
            install(PACKAGES[client], newest=newest)
            print(f"{client:<14} {PACKAGES[client].version}", flush=True)  # noqa: T201 -- that is what it is for
        except NotInstalledError as error:
            print(f"{client:<14} not installed: {error}", flush=True)  # noqa: T201


def network_can_be_taken_away() -> bool:
    """Tell whether a process here can be given a network of its own that has only loopback."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    probe = subprocess.run([*ISOLATE, "sh", "-c", WITHIN, "sh", "true"], capture_output=True, check=False)
    return probe.returncode == 0


def main() -> int:
    """Install with the network, test without."""
    options, others = arguments()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs, and the tools in them, ignore Ctrl-C
    install_all(options.only, newest=options.newest)
    files = [str(FOLDER / f"client_{client.replace('-', '_')}.py") for client in options.only]
    homes = ["--basetemp", str(cache() / "last-run")]
    run = [*homes, "-o", "python_files=client_*.py", "-p", "no:cacheprovider", *files, *others]
    if not network_can_be_taken_away():
        print("The tools keep their network: this needs unshare and ip.", flush=True)  # noqa: T201
        return int(pytest.main(run))
    command = [*ISOLATE, "sh", "-c", WITHIN, "sh", sys.executable, "-m", "pytest", *run]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
