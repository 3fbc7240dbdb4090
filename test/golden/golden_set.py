"""How golden data is stored: a folder with goldens.safetensors (the arrays) and goldens.json (what they are)."""

import json
import pathlib

import environment
import numpy as np
import safetensors.numpy

GOLDEN = pathlib.Path(__file__).resolve().parent

# Raise it when a name, a layout or a meaning changes: readers refuse a set of another version.
VERSION = 1


def write_golden_set(folder: pathlib.Path, script: str, arrays: dict[str, np.ndarray], **facts: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stored = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    safetensors.numpy.save_file(stored, folder / 'goldens.safetensors', metadata={'version': str(VERSION)})
    manifest = {
        'version': VERSION,
        'script': script,
        'packages': environment.pinned_versions(),
        **facts,
    }
    (folder / 'goldens.json').write_text(json.dumps(manifest, indent=2) + '\n')
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    print(f'{folder.relative_to(GOLDEN)}: {len(arrays)} arrays, folder of {size / 1024:.0f} kB')
