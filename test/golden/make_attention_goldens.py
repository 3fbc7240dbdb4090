"""Attention maps of tiny Vision Transformers: every method, in float64 with hooks.

    pip install -r test/golden/requirements.txt
    python test/golden/make_attention_goldens.py

Reads models and pixels that make_vit_goldens.py and make_family_goldens.py wrote. Writes test/golden/attention/, arrays
`<case>/<image>/<method>` in float32, [N] each unless attention_reference.py says otherwise; where a method is of a class,
`<method>/<class>`. Of convolutional networks `cnn/<network>/<image>/<class>`, on pixels that `pattern` makes.
"""

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import cnn_timm  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from attention_reference import (  # noqa: E402
    feature_grad_cam,
    grad_cam,
    head_statistics,
    maps_of,
    principal_components,
    trace,
)
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

# Model folder, which of its pixels, the names of its prefix tokens, who asks.
CASES = {
    'class-token': ('vit-tiny-random', 'stages/pixels', ['class'], 'class'),
    'wide': ('vit-tiny-random', 'other-size/pixels', ['class'], 'class'),
    'registers': ('families/timm-reg4-gap', 'other-size/pixels', [f'register {i}' for i in range(4)], 'patches'),
    'distilled': ('families/timm-deit-distilled', 'stages/pixels', ['class', 'distillation'], 'class'),
}
TARGETS = (2, 5)
OF_A_CLASS = (
    'gradient-rollout',
    'relevance',
    'relevance-late',
    'attention-gradient',
    'attention-gradient-late',
    'attention-cam',
    'grad-cam',
)
# Network, and the module whose output is the last one that is still a picture.
CNNS = {'timm-resnet-basic': 'layer4', 'timm-resnet-bottleneck': 'layer4', 'timm-mobilenet-v2': 'bn2'}
# Classes for which no map is zero throughout.
CNN_TARGETS = (4, 5)
# Of the pixels that convolutional networks see: grids of 3 x 4.
SIZE = (96, 128)


def main() -> None:
    torch.set_num_threads(1)
    arrays, cases = {}, {}
    for case, (folder, pixels, prefix, query) in CASES.items():
        images = load_file(GOLDEN / folder / 'goldens.safetensors')[pixels].permute(0, 3, 1, 2).double()
        model = load(folder, tuple(images.shape[2:]))
        patch = model.patch_embed.patch_size[0]
        grid = (images.shape[2] // patch, images.shape[3] // patch)
        for i, image in enumerate(images):
            arrays |= {f'{case}/{i}/{name}': array for name, array in image_maps(model, image, prefix, query, grid)}
        cases[case] = {
            'folder': folder,
            'pixels': pixels,
            'prefix': prefix,
            'query': query,
            'grid': grid,
            'images': len(images),
        }
    arrays |= embedding_arrays(load('vit-tiny-random', (48, 48)))
    arrays |= {f'cnn/{name}': values for name, values in cnn_maps()}
    stored = {name: array.float().numpy() for name, array in arrays.items()}
    write_golden_set(
        GOLDEN / 'attention',
        'test/golden/make_attention_goldens.py',
        stored,
        targets=list(TARGETS),
        ofAClass=list(OF_A_CLASS),
        cases=cases,
        cnns=list(CNNS),
        cnnTargets=list(CNN_TARGETS),
        cnnSize=SIZE,
    )


def load(folder: str, size: tuple[int, int]) -> torch.nn.Module:
    return timm.create_model(f'local-dir:{GOLDEN / folder}', pretrained=True, img_size=size).eval().double()


def image_maps(model, image, prefix, query, grid):
    n = len(prefix)
    for target in TARGETS:
        found = trace(model, image[None], target)
        N = found.attention[0].shape[-1]
        weights = torch.zeros(N).double()
        if query == 'patches':
            weights[n:] = 1 / (N - n)
        else:
            weights[prefix.index(query)] = 1
        maps = maps_of(found, weights, n, prefix.index('class') if 'class' in prefix else None)
        maps['grad-cam'] = grad_cam(found, n)
        for name, values in maps.items():
            if name in OF_A_CLASS:
                yield f'{name}/{target}', values
            elif target == TARGETS[0]:
                yield name, values
        if target != TARGETS[0]:
            continue
        for layer, attention in enumerate(found.attention):
            for name, values in head_statistics(attention, grid, n).items():
                yield f'statistics/{layer}/{name}', values


def cnn_maps():
    for name, features in CNNS.items():
        model = cnn_timm.network(cnn_timm.VARIANTS[name])
        model.load_state_dict(load_file(GOLDEN / 'cnns' / name / 'model.safetensors'))
        model = model.eval().double()
        for image in range(2):
            for target in CNN_TARGETS:
                cam = feature_grad_cam(model, model.get_submodule(features), pattern(image), target)
                yield f'{name}/{image}/{target}', cam


def pattern(image: int) -> torch.Tensor:
    """Pixels from -1 to 1 that a reader makes for itself: (7919·i mod (1009 - image)) / 504 - 1, i along [H, W, C]."""
    i = torch.arange(SIZE[0] * SIZE[1] * 3)
    pixels = (i * 7919 % (1009 - image)).double() / 504 - 1
    return pixels.view(1, *SIZE, 3).permute(0, 3, 1, 2)


def embedding_arrays(model) -> dict[str, torch.Tensor]:
    """Of vit-tiny-random: cosines of the position of patch 4 with all, and components of the patch embedding."""
    positions = model.pos_embed.detach()[0, 1:]
    kernel = model.patch_embed.proj.weight.detach().permute(0, 2, 3, 1).flatten(1)  # [D, P·P·C]
    components, shares = principal_components(kernel, 5)
    return {
        'positions': torch.nn.functional.cosine_similarity(positions, positions[4:5], dim=-1),
        'filters/components': torch.from_numpy(components),
        'filters/shares': torch.from_numpy(shares),
    }


if __name__ == '__main__':
    main()
