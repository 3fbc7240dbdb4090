"""A tiny random checkpoint for every family of Vision Transformers, made by its own library, and what that answers.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_family_goldens.py [name …]

Writes test/golden/families/<name>/: the checkpoint's files as its library publishes them, goldens.json and
goldens.safetensors. Arrays, images as [B, H, W, C]:

    stages/<stage>            normalised pixels → every stage, in the order of the manifest's `stages`
    files/<picture>/logits    a picture of test/golden/pictures/ through the library's own preprocessing
    files/<picture>/pixels    … and what the model saw, in one checkpoint for each recipe
    other-size/*              pixels of another size, the positions resampled for it, the logits

The .npz checkpoints say in family_npz.py what they have besides.
"""

import shutil
import sys
import zlib
from collections.abc import Callable

import environment

PACKAGES = environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import family_npz  # noqa: E402
import family_timm  # noqa: E402
import family_torchvision  # noqa: E402
import family_transformers  # noqa: E402
import torch  # noqa: E402
from family_subject import question  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from timm.layers import set_fused_attn  # noqa: E402

SCRIPT = 'test/golden/make_family_goldens.py'
FAMILIES = (family_timm, family_transformers, family_torchvision, family_npz)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    set_fused_attn(False)
    for family in FAMILIES:
        for name, variant in family.VARIANTS.items():
            if not names or name in names:
                make_golden_set(name, variant, family.make)


def make_golden_set(name: str, variant: dict, make: Callable) -> None:
    folder = GOLDEN / 'families' / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # A seed of its own, so that one more checkpoint changes no other.
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    arrays, manifest = question(make(folder, variant, generator), generator)
    checkpoint = sorted(path.name for path in folder.iterdir())
    write_golden_set(
        folder,
        SCRIPT,
        {key: tensor.detach().numpy() for key, tensor in arrays.items()},
        checkpoint=checkpoint,
        dtype='float32',
        **manifest | {'packages': PACKAGES},
    )


if __name__ == '__main__':
    main(sys.argv[1:])
