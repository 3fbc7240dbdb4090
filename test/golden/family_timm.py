"""Tiny models of timm's architectures, saved as timm publishes models: config.json and model.safetensors."""

import pathlib
from collections.abc import Callable

import timm
import torch
from family_subject import Size, Subject, randomise
from make_vit_goldens import IMAGENET_MEAN, IMAGENET_STD, LABELS, load
from timm.models._hub import save_for_hf
from torch import nn

HALF = {'mean': (0.5,) * 3, 'std': (0.5,) * 3}
IMAGENET = {'mean': IMAGENET_MEAN, 'std': IMAGENET_STD}
CLIP = {'mean': (0.48145466, 0.4578275, 0.40821073), 'std': (0.26862954, 0.26130258, 0.27577711)}

# 24 / 0.9 → 26; 24 / 0.875 → 27, whose margin of 3 rounds to 2 at the top and left.
TINY = {'img_size': 24, 'patch_size': 8, 'embed_dim': 18, 'depth': 2, 'num_heads': 3, 'mlp_ratio': 2}
OTHER_SIZE = (32, 40)
# As DINOv2: an odd number of pixels to a patch, and the whole image seen.
TINY_DINOV2 = {'img_size': 21, 'patch_size': 7, 'embed_dim': 12, 'depth': 2, 'num_heads': 2}
OTHER_DINOV2_SIZE = (28, 35)
DINOV2_PREPROCESSING = {'crop_pct': 1.0, **IMAGENET}

# model_args is what config.json tells; what the architecture's name implies is not in it, as in published files.
VARIANTS: dict[str, dict] = {
    'timm-patch8': {
        'architecture': 'vit_small_patch8_224',
        'special': 'patches of 8 pixels, margin 3 in the crop',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.875, **HALF},
        'keep_file_pixels': True,
        'other_size': OTHER_SIZE,
    },
    'timm-patch16': {
        'architecture': 'vit_tiny_patch16_224',
        'special': 'patches of 16 pixels; crop 1.0 as the 384-pixel models have it; ε 1e-6 counts',
        'model_args': {**TINY, 'img_size': 32, 'patch_size': 16, 'embed_dim': 12, 'num_heads': 2},
        'preprocessing': {'crop_pct': 1.0, **HALF},
        'batch': 1,
        'embedding_scale': 1e-3,
    },
    'timm-patch32': {
        'architecture': 'vit_base_patch32_224',
        'special': 'patches of 32 pixels; weights stored as F16',
        'model_args': {**TINY, 'img_size': 64, 'patch_size': 32, 'embed_dim': 6, 'num_heads': 2},
        'preprocessing': {'crop_pct': 0.9, **HALF},
        'batch': 1,
        'dtype': torch.float16,
    },
    'timm-dynamic': {
        'architecture': 'vit_small_patch16_224',
        'special': 'dynamic_img_size: positions are resampled in the forward pass',
        'model_args': {**TINY, 'dynamic_img_size': True},
        'preprocessing': {'crop_pct': 0.9, **HALF},
        'other_size': OTHER_SIZE,
    },
    'timm-avg-fc-norm': {
        'architecture': 'vit_tiny_patch16_224',
        'special': 'mean of the patch tokens without the class token, then fc_norm; no norm',
        'model_args': {**TINY, 'global_pool': 'avg'},
        'preprocessing': {'crop_pct': 0.95, 'interpolation': 'bilinear', **IMAGENET},
    },
    'timm-avg': {
        'architecture': 'vit_tiny_patch16_224',
        'special': 'norm, then the mean of the patch tokens without the class token',
        'model_args': {**TINY, 'global_pool': 'avg', 'fc_norm': False},
        'preprocessing': {'crop_pct': 0.9, 'crop_mode': 'squash', **HALF},
    },
    'timm-no-class-token': {
        'architecture': 'vit_base_patch16_gap_224',
        'special': 'no class token, norm, then mean',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.9, 'crop_mode': 'border', **HALF},
        'other_size': OTHER_SIZE,
    },
    'timm-no-qkv-bias': {
        'architecture': 'vit_medium_patch16_gap_256',
        'special': 'no class token, no bias on query, key and value, layer scale, norm, then mean',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.95, **HALF},
    },
    'timm-reg4-gap': {
        'architecture': 'vit_medium_patch16_reg4_gap_256',
        'special': 'four registers and no class token, positions for patches alone, layer scale, mean, then fc_norm',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.95, **HALF},
        'other_size': OTHER_SIZE,
    },
    'timm-deit3': {
        'architecture': 'deit3_small_patch16_224',
        'special': 'class token without a position, layer scale',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.9, **IMAGENET},
        'other_size': OTHER_SIZE,
    },
    'timm-deit-distilled': {
        'architecture': 'deit_tiny_distilled_patch16_224',
        'special': 'class and distillation tokens; the logits are the mean of both heads',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.9, **IMAGENET},
        'other_size': OTHER_SIZE,
    },
    'timm-pre-norm': {
        'architecture': 'vit_base_patch16_clip_224',
        'special': 'norm_pre before the blocks, no bias in the patch embedding, ε 1e-5 by the architecture’s name',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 1.0, **CLIP},
        # The variance of what norm_pre sees is then of the size of its ε.
        'embedding_scale': 3e-3,
    },
    'timm-quick-gelu': {
        'architecture': 'vit_base_patch16_clip_quickgelu_224',
        'special': 'as timm-pre-norm, with x·σ(1.702x) by the architecture’s name',
        'model_args': TINY,
        'preprocessing': {'crop_pct': 0.9, **CLIP},
    },
    'timm-qk-norm': {
        'architecture': 'vit_tiny_patch16_224',
        'special': 'layer norms on query and key, one head wide',
        'model_args': {**TINY, 'qk_norm': True},
        'preprocessing': {'crop_pct': 0.9, **HALF},
    },
    'timm-dinov2-swiglu': {
        'architecture': 'vit_giant_patch14_dinov2',
        'special': 'SwiGLU packed into fc1 as gate | value, layer scale, patches of 7 pixels',
        'model_args': TINY_DINOV2,
        'preprocessing': DINOV2_PREPROCESSING,
        'other_size': OTHER_DINOV2_SIZE,
    },
    'timm-dinov2-reg4': {
        'architecture': 'vit_small_patch14_reg4_dinov2',
        'special': 'class token, four registers, positions for patches alone, layer scale, a linear classifier',
        'model_args': {**TINY_DINOV2, 'mlp_ratio': 3},
        'preprocessing': DINOV2_PREPROCESSING,
        'other_size': OTHER_DINOV2_SIZE,
    },
}


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> Subject:
    save_random_model(folder, variant, generator)
    model = load(folder)
    size = variant['model_args']['img_size']
    data_config = timm.data.resolve_data_config(model=model)
    other_size = variant.get('other_size')
    return Subject(
        family='timm ViT',
        library='timm',
        special=variant['special'],
        model=model,
        stages=stages_of(model),
        prepare=timm.data.create_transform(**data_config),
        preprocessing={'by': 'timm.data.create_transform', **data_config},
        image_size=(size, size),
        other_size=other_size,
        at_other_size=resized(folder, other_size) if other_size is not None else None,
        batch=variant.get('batch', 2),
        keep_file_pixels=variant.get('keep_file_pixels', False),
    )


def save_random_model(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> None:
    size = variant['model_args']['img_size']
    preprocessing = {
        'input_size': (3, size, size),
        'interpolation': 'bicubic',
        'crop_mode': 'center',
        **variant['preprocessing'],
    }
    model = timm.create_model(
        variant['architecture'],
        num_classes=len(LABELS),
        pretrained_cfg_overlay={**preprocessing, 'tag': 'random', 'custom_load': False, 'license': 'mit'},
        **variant['model_args'],
    )
    randomise(model, generator, variant.get('embedding_scale', 1))
    save_for_hf(
        model.to(variant.get('dtype', torch.float32)),
        str(folder),
        model_config={'label_names': list(LABELS)},
        model_args=variant['model_args'],
        safe_serialization=True,
    )


def stages_of(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """timm's modules by the names that the tests use."""
    blocks = {f'blocks.{index}': (block, 'output') for index, block in enumerate(model.blocks)}
    stages = {
        'patches': (model.patch_embed, 'output'),
        'tokens': (model.blocks[0], 'input'),
        'blocks.0.attended': (model.blocks[0].norm2, 'input'),
        **blocks,
    }
    if hasattr(model, 'head_dist'):
        return {**stages, 'norm': (model.norm, 'output')}
    if isinstance(model.fc_norm, nn.Identity):
        return {**stages, 'norm': (model.norm, 'output'), 'pooled': (model.head, 'input')}
    return {**stages, 'pooled': (model.fc_norm, 'input'), 'norm': (model.fc_norm, 'output')}


def resized(folder: pathlib.Path, size: Size) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    def answer(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        model = load(folder)
        if model.dynamic_img_size:
            return {'logits': model(pixels)}
        model.set_input_size(size)
        return {'positions': model.pos_embed, 'logits': model(pixels)}

    return answer
