"""Tiny models of torchvision: a state dict as safetensors and nothing else, as there is no configuration to publish.

What the file does not say has to follow from it: heads of width 64, the image from the number of positions, the
published preprocessing scaled to it (shorter edge 256, crop 224).
"""

import pathlib
from collections.abc import Callable

import torch
from family_subject import Subject, randomise
from make_vit_goldens import LABELS
from safetensors.torch import load_file, save_file
from torch import nn
from torchvision.models.vision_transformer import ViT_B_16_Weights, VisionTransformer, interpolate_embeddings

# ViT_B_16_Weights.IMAGENET1K_V1: 256 → 224, bilinear, antialiased.
PRESET = ViT_B_16_Weights.IMAGENET1K_V1.transforms

VARIANTS: dict[str, dict] = {
    'torchvision-vit': {
        'special': 'names of torchvision 0.13 and later; two heads; stored as F16',
        'image_size': 12,
        'patch_size': 4,
        'shape': {'num_layers': 1, 'num_heads': 2, 'hidden_dim': 128, 'mlp_dim': 32},
        'legacy': False,
        'embedding_scale': 1,
    },
    'torchvision-vit-legacy': {
        'special': 'MLP named linear_1 and linear_2 as before torchvision 0.13; stored as F16; ε 1e-6 counts',
        'image_size': 24,
        'patch_size': 8,
        'shape': {'num_layers': 2, 'num_heads': 1, 'hidden_dim': 64, 'mlp_dim': 32},
        'legacy': True,
        'embedding_scale': 1e-3,
    },
}


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> Subject:
    path = folder / 'model.safetensors'
    save_random_model(path, variant, generator)
    size = variant['image_size']
    resize = size * 256 // 224
    preset = PRESET(crop_size=size, resize_size=resize)
    model = network(variant, size)
    model.load_state_dict(load_file(path))
    return Subject(
        family='torchvision ViT',
        library='torchvision',
        special=variant['special'],
        model=model.eval(),
        stages=stages_of(model),
        prepare=preset,
        preprocessing={
            'by': 'torchvision.transforms._presets.ImageClassification',
            'resize': resize,
            'crop': size,
            'interpolation': preset.interpolation.value,
            'antialias': preset.antialias,
            'mean': preset.mean,
            'std': preset.std,
        },
        image_size=(size, size),
        # A square, as interpolate_embeddings knows no other: 3 × 3 patches to 4 × 4.
        other_size=(size // 3 * 4, size // 3 * 4),
        at_other_size=resized(variant, model),
        batch=1,
        labelled=False,
        keep_file_pixels=True,
    )


def network(variant: dict, image_size: int) -> VisionTransformer:
    return VisionTransformer(image_size, variant['patch_size'], num_classes=len(LABELS), **variant['shape'])


def save_random_model(path: pathlib.Path, variant: dict, generator: torch.Generator) -> None:
    model = network(variant, variant['image_size'])
    randomise(model, generator, variant['embedding_scale'])
    state = model.half().state_dict()
    if variant['legacy']:
        state = {legacy_name(name): weight for name, weight in state.items()}
    save_file(state, path)


def legacy_name(name: str) -> str:
    """What torchvision's MLPBlock._load_from_state_dict undoes."""
    return name.replace('mlp.0.', 'mlp.linear_1.').replace('mlp.3.', 'mlp.linear_2.')


def stages_of(model: VisionTransformer) -> dict[str, tuple[nn.Module, str]]:
    """torchvision's modules by the names that the tests use."""
    layers = model.encoder.layers
    return {
        'patches': (model.conv_proj, 'output'),
        'tokens': (layers[0], 'input'),
        'blocks.0.attended': (layers[0].ln_2, 'input'),
        **{f'blocks.{index}': (layer, 'output') for index, layer in enumerate(layers)},
        'norm': (model.encoder.ln, 'output'),
        'pooled': (model.heads, 'input'),
    }


def resized(variant: dict, model: VisionTransformer) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    def answer(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        # Bicubic with aligned corners.
        size = pixels.shape[2]
        state = interpolate_embeddings(size, variant['patch_size'], model.state_dict())
        larger = network(variant, size)
        larger.load_state_dict(state)
        return {'positions': state['encoder.pos_embedding'], 'logits': larger.eval()(pixels)}

    return answer
