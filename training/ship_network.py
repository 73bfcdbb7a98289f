"""Puts a network's file into the package, where it needs no TensorFlow, and writes it down in `networks.json`.

usage: python -m training.ship_network NAME [FILE]

Without FILE the network is built from its weights and converted, as `pictrace networks prepare` does it.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from engine.features import networks

DATA = Path(__file__).resolve().parents[1] / "engine" / "data"


def described(network: networks.Network, content: bytes) -> dict[str, Any]:
    return {
        "network": network.name,
        "version": networks.version(network, None),
        "input": [network.input_size, network.input_size, 3],
        "heads": {head.name: head.dimensions for head in network.heads},
        "licence": network.licence,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def converted(network: networks.Network) -> bytes:
    from engine.features import network_build  # TensorFlow, where it is needed only

    return network_build.convert(network_build.build(network), quantised=network.quantised)


def ship(network: networks.Network, content: bytes, folder: Path = DATA) -> Path:
    path = folder / networks.file_name(network)
    path.write_bytes(content)
    listing = folder / networks.LISTING
    listed = json.loads(listing.read_text()) if listing.exists() else {}
    listed[path.name] = described(network, content)
    listing.write_text(json.dumps(dict(sorted(listed.items())), indent=1) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("file", type=Path, nargs="?")
    options = parser.parse_args()
    network = networks.network(options.network)
    print(ship(network, options.file.read_bytes() if options.file else converted(network)))


if __name__ == "__main__":
    main()
