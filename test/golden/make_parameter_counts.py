"""The exact number of parameters of the published variants of every family, as their own libraries count them.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_parameter_counts.py

Writes test/golden/parameter-counts.json: library → variant → numParameters and the shape of the network. All have 1000
classes. `numTokens` counts what the blocks see, `mlpDim` what the MLP's second layer reads.
"""

import json

import environment

PACKAGES = environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
import transformers  # noqa: E402
from golden_set import GOLDEN, VERSION  # noqa: E402
from torch import nn  # noqa: E402

TIMM = (
    *(f'vit_tiny_patch16_{size}' for size in (224, 384)),
    *(f'vit_small_patch{patch}_{size}' for patch in (16, 32) for size in (224, 384)),
    'vit_small_patch8_224',
    *(f'vit_base_patch{patch}_{size}' for patch in (16, 32) for size in (224, 384)),
    'vit_base_patch8_224',
    'vit_large_patch14_224',
    *(f'vit_large_patch{patch}_{size}' for patch in (16, 32) for size in (224, 384)),
    'vit_huge_patch14_224',
    'vit_giant_patch14_224',
    'vit_gigantic_patch14_224',
    'vit_medium_patch16_gap_256',
    'vit_base_patch16_gap_224',
    'vit_base_patch16_clip_224',
    'vit_base_patch16_clip_quickgelu_224',
    'vit_base_patch16_siglip_gap_224',
    *(f'vit_{size}_patch16_reg4_gap_256' for size in ('little', 'medium', 'betwixt', 'base')),
    *(f'deit_{size}{distilled}_patch16_224' for size in ('tiny', 'small', 'base') for distilled in ('', '_distilled')),
    *(f'deit_base{distilled}_patch16_384' for distilled in ('', '_distilled')),
    *(f'deit3_{size}_patch16_224' for size in ('small', 'medium', 'base', 'large')),
    'deit3_huge_patch14_224',
    *(f'vit_{size}_patch14{reg}_dinov2' for size in ('small', 'base', 'large', 'giant') for reg in ('', '_reg4')),
)

# hidden_size, num_hidden_layers, num_attention_heads
SIZES = {
    'tiny': (192, 12, 3),
    'small': (384, 12, 6),
    'base': (768, 12, 12),
    'large': (1024, 24, 16),
    'huge': (1280, 32, 16),
    'giant': (1536, 40, 24),
}
DINOV2 = {'image_size': 518, 'patch_size': 14}
TRANSFORMERS = {
    **{f'vit-{size}': ('ViTForImageClassification', size, {}) for size in ('tiny', 'small', 'base', 'large')},
    'vit-huge': ('ViTForImageClassification', 'huge', {'patch_size': 14}),
    'deit-base': ('DeiTForImageClassification', 'base', {}),
    **{
        f'deit-{size}-distilled': ('DeiTForImageClassificationWithTeacher', size, {})
        for size in ('tiny', 'small', 'base')
    },
    **{f'dinov2-{size}': ('Dinov2ForImageClassification', size, DINOV2) for size in ('small', 'base', 'large')},
    'dinov2-giant': ('Dinov2ForImageClassification', 'giant', {**DINOV2, 'use_swiglu_ffn': True}),
    **{
        f'dinov2-with-registers-{size}': ('Dinov2WithRegistersForImageClassification', size, DINOV2)
        for size in ('small', 'base', 'large')
    },
    'dinov2-with-registers-giant': (
        'Dinov2WithRegistersForImageClassification',
        'giant',
        {**DINOV2, 'use_swiglu_ffn': True},
    ),
}

# Convolutional networks have no tokens: their counts alone, under `cnns`.
CNNS = {
    'timm': ('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'wide_resnet50_2', 'mobilenetv2_100', 'mobilenetv2_140', 'convnext_tiny'),
    'torchvision': ('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'wide_resnet50_2', 'mobilenet_v2', 'convnext_tiny'),
}

TORCHVISION = ('vit_b_16', 'vit_b_32', 'vit_l_16', 'vit_l_32', 'vit_h_14')
NUM_CLASSES = 1000


def main() -> None:
    with torch.device('meta'):  # shapes without values: the largest has 1.9 billion
        counts = {
            'timm': {name: timm_facts(name) for name in TIMM},
            'transformers': {name: transformers_facts(*variant) for name, variant in TRANSFORMERS.items()},
            'torchvision': {name: torchvision_facts(name) for name in TORCHVISION},
        }
        cnns = {
            'timm': {name: count(timm.create_model(name)) for name in CNNS['timm']},
            'torchvision': {name: count(torchvision.models.get_model(name)) for name in CNNS['torchvision']},
        }
    path = GOLDEN / 'parameter-counts.json'
    script = 'test/golden/make_parameter_counts.py'
    manifest = {'version': VERSION, 'script': script, 'packages': PACKAGES, 'counts': counts, 'cnns': cnns}
    path.write_text(json.dumps(manifest, indent=2) + '\n')
    print(f'{path.name}: {sum(len(variants) for variants in counts.values())} variants')


def timm_facts(name: str) -> dict:
    model = timm.create_model(name, num_classes=NUM_CLASSES)
    block = model.blocks[0]
    return {
        'numParameters': count(model),
        'imageSize': model.patch_embed.img_size[0],
        'patchSize': model.patch_embed.patch_size[0],
        'dim': model.embed_dim,
        'depth': len(model.blocks),
        'numHeads': block.attn.num_heads,
        'mlpDim': block.mlp.fc2.in_features,
        'numTokens': model.patch_embed.num_patches + model.num_prefix_tokens,
    }


def transformers_facts(architecture: str, size: str, args: dict) -> dict:
    dim, depth, heads = SIZES[size]
    cls = getattr(transformers, architecture)
    if 'Dinov2' not in architecture:
        args = {**args, 'intermediate_size': 4 * dim}
    shape = {'hidden_size': dim, 'num_hidden_layers': depth, 'num_attention_heads': heads}
    config = cls.config_class(num_labels=NUM_CLASSES, **shape, **args)
    model = cls(config)
    prefix = 1 + ('DeiT' in architecture) + getattr(config, 'num_register_tokens', 0)
    return {
        'numParameters': count(model),
        'architecture': architecture,
        'imageSize': config.image_size,
        'patchSize': config.patch_size,
        'dim': dim,
        'depth': depth,
        'numHeads': heads,
        'mlpDim': last_linear(layers_of(model)[0].mlp).in_features,
        'numTokens': (config.image_size // config.patch_size) ** 2 + prefix,
    }


def layers_of(model: nn.Module) -> nn.ModuleList:
    backbone = model.base_model
    return backbone.layers if hasattr(backbone, 'layers') else backbone.encoder.layer


def last_linear(module: nn.Module) -> nn.Linear:
    return [child for child in module.modules() if isinstance(child, nn.Linear)][-1]


def torchvision_facts(name: str) -> dict:
    model = torchvision.models.get_model(name)
    published = torchvision.models.get_model_weights(name).IMAGENET1K_V1 if name != 'vit_h_14' else None
    assert published is None or published.meta['num_params'] == count(model), name
    layers = model.encoder.layers
    return {
        'numParameters': count(model),
        'imageSize': model.image_size,
        'patchSize': model.patch_size,
        'dim': model.hidden_dim,
        'depth': len(layers),
        'numHeads': layers[0].num_heads,
        'mlpDim': model.mlp_dim,
        'numTokens': model.seq_length,
    }


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == '__main__':
    main()
