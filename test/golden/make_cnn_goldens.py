"""A tiny random checkpoint for every family of convolutional networks, made by its own library, and what that answers.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_cnn_goldens.py [name …]

Writes test/golden/cnns/<name>/: the checkpoint's files as its library publishes them, goldens.json and
goldens.safetensors. Arrays, images and feature maps as [B, H, W, C]:

    stages/<stage>            normalised pixels → every stage, in the order of the manifest's `stages`
    files/<picture>/logits    a picture of test/golden/pictures/ through the library's own preprocessing
    other-size/*              pixels of another, odd size, the logits
    training/*                one pass in training mode: logits, gradients, new running statistics, by torch's names
"""

import shutil
import sys
import zlib

import environment

PACKAGES = environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import cnn_timm  # noqa: E402
import cnn_torchvision  # noqa: E402
import cnn_transformers  # noqa: E402
import torch  # noqa: E402
from cnn_subject import question  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402

SCRIPT = 'test/golden/make_cnn_goldens.py'
FAMILIES = (cnn_torchvision, cnn_timm, cnn_transformers)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for family in FAMILIES:
        for name, variant in family.VARIANTS.items():
            if names and name not in names:
                continue
            folder = GOLDEN / 'cnns' / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            # A seed of its own, so that one more checkpoint changes no other.
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            torch.manual_seed(0)
            arrays, manifest = question(family.make(folder, variant, generator), generator)
            checkpoint = sorted(path.name for path in folder.iterdir())
            write_golden_set(
                folder,
                SCRIPT,
                {key: tensor.detach().float().numpy() for key, tensor in arrays.items()},
                checkpoint=checkpoint,
                dtype='float32',
                **manifest | {'packages': PACKAGES},
            )


if __name__ == '__main__':
    main(sys.argv[1:])
