"""Gradients of a whole tiny Vision Transformer, as torch computes them in float64 through timm.

    pip install -r test/golden/requirements.txt
    python test/golden/make_gradient_goldens.py

Reads the models and pixels that make_vit_goldens.py wrote. The loss is the mean cross-entropy of the two images against
`targets`. Writes test/golden/vit-gradients/, arrays `<model>/<timm name>` in float32: every parameter of the mean-pooled
model, of the other one those that a mistake in a layer would reach.
"""

import re

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import numpy as np  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

TARGETS = (2, 5)
STORED = {
    'vit-tiny-random': re.compile(r'cls_token|pos_embed|patch_embed.*bias|.*norm.*|blocks\.[02]\.attn\.qkv\.bias|head.*'),
    'vit-tiny-random-avg': re.compile('.*'),
}


def main() -> None:
    torch.set_num_threads(1)
    arrays, losses = {}, {}
    for model, pattern in STORED.items():
        losses[model], gradients = gradients_of(model)
        arrays |= {f'{model}/{name}': array for name, array in gradients.items() if pattern.fullmatch(name)}
    write_golden_set(
        GOLDEN / 'vit-gradients', 'test/golden/make_gradient_goldens.py', arrays, targets=list(TARGETS), losses=losses
    )


def gradients_of(name: str) -> tuple[float, dict[str, np.ndarray]]:
    folder = GOLDEN / name
    model = timm.create_model(f'local-dir:{folder}', pretrained=True).eval().double()
    pixels = load_file(folder / 'goldens.safetensors')['stages/pixels'].permute(0, 3, 1, 2).double()
    loss = torch.nn.functional.cross_entropy(model(pixels), torch.tensor(TARGETS))
    loss.backward()
    return loss.item(), {key: value.grad.float().numpy() for key, value in model.named_parameters()}


if __name__ == '__main__':
    main()
