"""Tiny convolutional networks of timm, saved as timm publishes models: config.json and model.safetensors."""

import pathlib

import timm
import torch
from cnn_subject import CnnSubject, randomise
from cnn_torchvision import stages_of as resnet_stages
from make_vit_goldens import IMAGENET_MEAN, IMAGENET_STD, LABELS, load
from safetensors.torch import load_file
from timm.models import efficientnet
from timm.models._hub import save_for_hf
from torch import nn

IMAGENET = {'mean': IMAGENET_MEAN, 'std': IMAGENET_STD}

VARIANTS: dict[str, dict] = {
    'timm-resnet-basic': {
        'architecture': 'resnet18',
        'special': 'basic blocks, crop 0.95 bicubic; stored as F16',
        'model_args': {'layers': (1, 1, 2, 1), 'channels': (6, 8, 10, 12)},
        'preprocessing': {'crop_pct': 0.95, 'interpolation': 'bicubic', **IMAGENET},
        'dtype': torch.float16,
        'stages': resnet_stages,
    },
    'timm-resnet-bottleneck': {
        'architecture': 'resnet50',
        'special': 'bottlenecks, crop 0.875 bilinear; stored as F16',
        'model_args': {'layers': (1, 1, 1, 1), 'channels': (4, 5, 6, 7)},
        'preprocessing': {'crop_pct': 0.875, 'interpolation': 'bilinear', **IMAGENET},
        'dtype': torch.float16,
        'stages': resnet_stages,
    },
}


def max_pooled(model: nn.Module, strides: tuple[int, ...]) -> nn.Module:
    """For small images, its stages shrunk by max pools in place of strides: timm's anti-aliasing with another pool."""
    model.conv1, model.bn1, model.maxpool = nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5), nn.Identity()
    first = model.layer1[0]
    first.conv1 = nn.Conv2d(5, first.conv1.out_channels, 3, padding=1, bias=False)
    first.downsample[0] = nn.Conv2d(5, first.conv1.out_channels, 1, bias=False)
    for index, stride in enumerate(strides):
        block = getattr(model, f'layer{index + 1}')[0]
        pool = nn.MaxPool2d(stride, ceil_mode=True)
        block.conv1.stride = block.downsample[0].stride = (1, 1)
        block.aa = pool
        block.downsample.register_forward_pre_hook(lambda _, inputs, pool=pool: (pool(inputs[0]),))
    return model


def max_pooled_stages(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    stages = resnet_stages(model)
    for index in range(4):
        stages[f'stages.{index}.blocks.0.convolutions.0'] = (getattr(model, f'layer{index + 1}')[0].act1, 'output')
    return stages


STRIDES = (2, 2, 1, 2)
VARIANTS |= {
    'timm-resnet-max-pool': {
        'architecture': 'resnet18',
        'special': "shrunk by max pools, also in the first stage, as config.json says in patchlens' words; one training step",
        'network_args': {'layers': (1, 1, 1, 1), 'channels': (6, 8, 10, 12)},
        'model_args': {'downsample': 'max-pool', 'strides': STRIDES},
        'modify': lambda model: max_pooled(model, STRIDES),
        'preprocessing': {'crop_pct': 0.875, 'interpolation': 'bicubic', **IMAGENET},
        'dtype': torch.float16,
        'stages': max_pooled_stages,
        'training': True,
        'size': 24,
    },
}


def mobilenet_stages(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    blocks = [block for stage in model.blocks for block in stage]
    return {
        'stem': (model.bn1, 'output'),
        'blocks.1.expand': (blocks[1].bn1, 'output'),
        'blocks.1.depthwise': (blocks[1].bn2, 'output'),
        **{f'blocks.{index}': (block, 'output') for index, block in enumerate(blocks)},
        'last': (model.bn2, 'output'),
        'pooled': (model.classifier, 'input'),
    }


# `channel_multiplier` is the builder's argument, not the model's: config.json does not tell it, nor does patchlens ask.
MOBILENET = {'build': {'channel_multiplier': 0.1}, 'dtype': torch.float16, 'stages': mobilenet_stages}
VARIANTS |= {
    'timm-mobilenet-v2': {
        **MOBILENET,
        'architecture': 'mobilenetv2_050',
        'special': 'symmetric padding; stored as F16',
        'model_args': {},
        'preprocessing': {'crop_pct': 0.875, 'interpolation': 'bicubic', **IMAGENET},
    },
    'timm-mobilenet-v2-same': {
        **MOBILENET,
        'architecture': 'mobilenetv2_050',
        'special': 'padded as TensorFlow does; ε 1e-3; stored as F16',
        'model_args': {'pad_type': 'same', 'bn_eps': 1e-3},
        'preprocessing': {'crop_pct': 0.875, 'interpolation': 'bicubic', **IMAGENET},
        'small_stem': 0.05,
    },
}


def convnext_stages(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    stages = {'stem': (model.stem, 'output')}
    for index, stage in enumerate(model.stages):
        if index > 0:
            stages[f'stages.{index}.downsample'] = (stage.downsample, 'output')
        for number, block in enumerate(stage.blocks):
            name = f'stages.{index}.blocks.{number}'
            stages[f'{name}.depthwise'] = (block.conv_dw, 'output')
            stages[name] = (block, 'output')
    return {**stages, 'pooled': (model.head.global_pool, 'output')}


VARIANTS |= {
    'timm-convnext': {
        'architecture': 'convnext_tiny',
        'special': 'layer scale, a stage of two; ε 1e-6 counts in the stem',
        'model_args': {'depths': (1, 2, 1, 1), 'dims': (6, 8, 10, 12)},
        'preprocessing': {'crop_pct': 0.875, 'interpolation': 'bicubic', **IMAGENET},
        'small_stem': 1e-3,
        'stages': convnext_stages,
    },
    'timm-convnext-conv-mlp': {
        'architecture': 'convnext_atto',
        'special': 'an MLP of 1 × 1 convolutions; stored as F16',
        'model_args': {'depths': (1, 1, 1, 1), 'dims': (4, 6, 8, 10)},
        'preprocessing': {'crop_pct': 0.95, 'interpolation': 'bicubic', **IMAGENET},
        'dtype': torch.float16,
        'stages': convnext_stages,
    },
}

# Small and few, as timm's stem is 64 channels wide whatever is asked for.
SIZE = 32


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> CnnSubject:
    size = (variant.get('size', SIZE),) * 2
    model = network(variant)
    randomise(model, generator, size, variant.get('small_stem', 1))
    save_for_hf(
        model.to(variant.get('dtype', torch.float32)),
        str(folder),
        model_config={'label_names': list(LABELS)},
        model_args=variant['model_args'],
        safe_serialization=True,
    )
    if 'build' in variant or 'modify' in variant:
        model = network(variant)
        model.load_state_dict(load_file(folder / 'model.safetensors'))
        model.eval()
    else:
        model = load(folder)
    training = variant.get('training', False)
    data_config = timm.data.resolve_data_config(model=model)
    return CnnSubject(
        family='timm ' + type(model).__name__,
        library='timm',
        special=variant['special'],
        model=model,
        stages=variant['stages'](model),
        prepare=timm.data.create_transform(**data_config),
        preprocessing={'by': 'timm.data.create_transform', **data_config},
        image_size=size,
        batch=2 if training else 1,
        training=training,
    )


def network(variant: dict) -> nn.Module:
    overlay = {
        'input_size': (3, *(variant.get('size', SIZE),) * 2),
        'crop_mode': 'center',
        **variant['preprocessing'],
        'tag': 'random',
        'custom_load': False,
        'license': 'mit',
    }
    asked = variant.get('network_args', variant['model_args'])
    args = {'num_classes': len(LABELS), 'pretrained_cfg_overlay': overlay, **asked}
    if 'build' in variant:
        return efficientnet._gen_mobilenet_v2(variant['architecture'], **variant['build'], **args)
    model = timm.create_model(variant['architecture'], **args)
    return variant['modify'](model) if 'modify' in variant else model
