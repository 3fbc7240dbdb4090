"""Tiny convolutional networks of transformers, saved with save_pretrained and their preprocessor_config.json."""

import json
import pathlib

import torch
import transformers
from cnn_subject import CnnSubject, randomise
from family_transformers import prepared_by
from make_vit_goldens import IMAGENET_MEAN, IMAGENET_STD, LABELS
from torch import nn
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.mobilenet_v2.image_processing_pil_mobilenet_v2 import MobileNetV2ImageProcessorPil

IMAGENET = {'image_mean': list(IMAGENET_MEAN), 'image_std': list(IMAGENET_STD)}

# As microsoft/resnet-50 is published: a bare number, from which the class computes the size of the shorter edge.
LEGACY_CONVNEXT_PROCESSOR = {
    'crop_pct': 0.875,
    'do_normalize': True,
    'do_resize': True,
    'feature_extractor_type': 'ConvNextFeatureExtractor',
    **IMAGENET,
    'resample': 3,
    'size': 48,
}


def resnet_stages(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    stages = {
        'stem.convolution': (model.resnet.embedder.embedder, 'output'),
        'stem': (model.resnet.embedder, 'output'),
    }
    for index, stage in enumerate(model.resnet.encoder.stages):
        for number, block in enumerate(stage.layers):
            name = f'stages.{index}.blocks.{number}'
            stages[f'{name}.convolutions.0'] = (block.layer[0], 'output')
            if not isinstance(block.shortcut, nn.Identity):
                stages[f'{name}.shortcut'] = (block.shortcut, 'output')
            stages[name] = (block, 'output')
    return stages


VARIANTS: dict[str, dict] = {
    'hf-resnet-basic': {
        'model': transformers.ResNetForImageClassification,
        'special': 'basic blocks; the preprocessor file that resnet-50 has',
        'config': {'embedding_size': 6, 'hidden_sizes': [6, 8, 10], 'depths': [1, 2, 1], 'layer_type': 'basic'},
        'processor': LEGACY_CONVNEXT_PROCESSOR,
        'stages': resnet_stages,
    },
    'hf-resnet-bottleneck': {
        'model': transformers.ResNetForImageClassification,
        'special': 'bottlenecks; the first stage strides, and in the first 1 × 1; a processor of today',
        'config': {
            'embedding_size': 6,
            'hidden_sizes': [8, 12],
            'depths': [2, 1],
            'downsample_in_first_stage': True,
            'downsample_in_bottleneck': True,
        },
        'processor': ConvNextImageProcessorPil(size={'shortest_edge': 48}, crop_pct=0.9, **IMAGENET),
        'stages': resnet_stages,
    },
}


def mobilenet_stages(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    network = model.mobilenet_v2
    return {
        'stem': (network.conv_stem.first_conv, 'output'),
        'blocks.0': (network.conv_stem, 'output'),
        'blocks.1.expand': (network.layer[0].expand_1x1, 'output'),
        'blocks.1.depthwise': (network.layer[0].conv_3x3, 'output'),
        **{f'blocks.{index + 1}': (layer, 'output') for index, layer in enumerate(network.layer)},
        'last': (network.conv_1x1, 'output'),
        'pooled': (model.classifier, 'input'),
    }


# No residual of the first block, though its input is as wide as its output; a narrow last convolution.
TINY_MOBILENET = {
    'depth_multiplier': 0.1,
    'depth_divisible_by': 2,
    'min_depth': 4,
    'expand_ratio': 3.0,
    'finegrained_output': False,
}
VARIANTS |= {
    'hf-mobilenet-v2': {
        'model': transformers.MobileNetV2ForImageClassification,
        'special': 'padded as TensorFlow does, ε 1e-3',
        'batch': 1,
        'config': TINY_MOBILENET,
        'processor': MobileNetV2ImageProcessorPil(
            size={'shortest_edge': 54}, crop_size={'height': 48, 'width': 48}, **IMAGENET
        ),
        'stages': mobilenet_stages,
    },
    'hf-mobilenet-v2-symmetric': {
        'model': transformers.MobileNetV2ForImageClassification,
        'special': 'tf_padding false',
        'batch': 1,
        'config': {**TINY_MOBILENET, 'tf_padding': False},
        'processor': MobileNetV2ImageProcessorPil(
            size={'shortest_edge': 54}, crop_size={'height': 48, 'width': 48}, **IMAGENET
        ),
        'stages': mobilenet_stages,
    },
}
SIZE = 48


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> CnnSubject:
    names = dict(enumerate(LABELS))
    ids = {label: index for index, label in names.items()}
    model = variant['model'](variant['model'].config_class(id2label=names, label2id=ids, **variant['config']))
    randomise(model, generator, (SIZE, SIZE), variant.get('small_stem', 1))
    model.save_pretrained(folder)
    processor = variant['processor']
    if isinstance(processor, dict):
        (folder / 'preprocessor_config.json').write_text(json.dumps(processor, indent=2) + '\n')
    else:
        processor.save_pretrained(folder)
    model = variant['model'].from_pretrained(folder, dtype=torch.float32).eval()
    pil = transformers.AutoImageProcessor.from_pretrained(folder, backend='pil')
    return CnnSubject(
        family=f'Hugging Face {type(model).__name__}',
        library='transformers',
        special=variant['special'],
        model=model,
        stages=variant['stages'](model),
        prepare=prepared_by(pil),
        preprocessing={'by': type(pil).__name__},
        image_size=(SIZE, SIZE),
        batch=variant.get('batch', 2),
    )
