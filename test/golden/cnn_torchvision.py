"""Tiny ResNets of torchvision: a state dict as safetensors and nothing else.

The widths of torchvision's classes are fixed, so the network is put together by their own methods with smaller ones.
"""

import pathlib

import torch
from cnn_subject import CnnSubject, randomise
from make_vit_goldens import LABELS
from safetensors.torch import load_file, save_file
from torch import nn
from torchvision.models import ConvNeXt_Base_Weights, MobileNet_V2_Weights, ResNet18_Weights, ResNet50_Weights
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.ops.misc import Conv2dNormActivation

VARIANTS: dict[str, dict] = {
    'torchvision-resnet-basic': {
        'special': 'basic blocks, a stage of two; ε of the first norm counts; also one training step',
        'block': BasicBlock,
        'widths': (6, 7, 9, 11),
        'layers': (2, 1, 1, 1),
        'preset': ResNet18_Weights.IMAGENET1K_V1.transforms,
        'small_stem': 3e-3,
        'training': True,
    },
    'torchvision-resnet-bottleneck': {
        'special': 'bottlenecks with the stride in the 3 × 3 (v1.5)',
        'block': Bottleneck,
        'widths': (4, 5, 6, 7),
        'layers': (1, 2, 1, 1),
        'preset': ResNet50_Weights.IMAGENET1K_V1.transforms,
        'small_stem': 1,
        'training': False,
    },
    'torchvision-resnet-small-images': {
        'special': 'a stem of 3 × 3 with stride 1 and no max pool, three stages, as for CIFAR',
        'block': BasicBlock,
        'widths': (6, 8, 10),
        'layers': (1, 1, 1),
        'stem': 3,
        'preset': ResNet18_Weights.IMAGENET1K_V1.transforms,
        'small_stem': 1,
        'training': False,
    },
}

VARIANTS |= {
    'torchvision-mobilenet-v2': {
        'special': 'symmetric padding, one of the 17 blocks without an expansion; stored as F16',
        'preset': MobileNet_V2_Weights.IMAGENET1K_V1.transforms,
    },
}

VARIANTS |= {
    'torchvision-convnext': {
        'special': 'layer scale, three stages; stored as F16',
        'preset': ConvNeXt_Base_Weights.IMAGENET1K_V1.transforms,
        'settings': ((6, 8, 1), (8, 10, 2), (10, None, 1)),
    },
}


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> CnnSubject:
    if 'settings' in variant:
        return make_convnext(folder, variant, generator)
    if 'block' not in variant:
        return make_mobilenet(folder, variant, generator)
    model = resnet(variant)
    small = 'stem' in variant
    size = (16, 16) if small else (48, 48)
    randomise(model, generator, size, variant['small_stem'])
    save_file(model.state_dict(), folder / 'model.safetensors')
    model = resnet(variant)
    model.load_state_dict(load_file(folder / 'model.safetensors'))
    crop = 32 if small else 224
    preset = variant['preset'](crop_size=crop, resize_size=crop * 256 // 224)
    return CnnSubject(
        family='torchvision ResNet',
        library='torchvision',
        special=variant['special'],
        model=model.eval(),
        stages=stages_of(model),
        prepare=preset,
        preprocessing={'by': 'torchvision.transforms._presets.ImageClassification', 'crop': crop},
        image_size=size,
        batch=3 if variant['training'] else 2,
        labelled=False,
        training=variant['training'],
    )


def resnet(variant: dict) -> ResNet:
    block, widths, layers = variant['block'], variant['widths'], variant['layers']
    kernel = variant.get('stem', 7)
    model = ResNet(block, [1, 1, 1, 1])
    model.inplanes = widths[0]
    stride = 1 if kernel == 3 else 2
    model.conv1 = nn.Conv2d(3, widths[0], kernel, stride=stride, padding=kernel // 2, bias=False)
    model.bn1 = nn.BatchNorm2d(widths[0])
    if kernel == 3:
        model.maxpool = nn.Identity()
    for index in range(4):
        if index < len(widths):
            stage = model._make_layer(block, widths[index], layers[index], stride=1 if index == 0 else 2)
        else:
            stage = nn.Identity()
        setattr(model, f'layer{index + 1}', stage)
    model.fc = nn.Linear(widths[-1] * block.expansion, len(LABELS))
    return model


def stages_of(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """The modules of torchvision's and timm's ResNets by the names that the tests use."""
    stages = {
        'stem.convolution': (model.maxpool, 'input'),
        'stem': (model.maxpool, 'output'),
    }
    blocks = [
        (index, number, block)
        for index in range(4)
        if isinstance(getattr(model, f'layer{index + 1}'), nn.Sequential)
        for number, block in enumerate(getattr(model, f'layer{index + 1}'))
    ]
    for index, number, block in blocks:
        name = f'stages.{index}.blocks.{number}'
        stages[f'{name}.convolutions.0'] = (block.conv2, 'input')
        if block.downsample is not None:
            stages[f'{name}.shortcut'] = (block.downsample, 'output')
        stages[name] = (block, 'output')
    return {**stages, 'pooled': (model.fc, 'input')}


def make_mobilenet(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> CnnSubject:
    size = (48, 48)
    model = mobilenet()
    randomise(model, generator, size)
    save_file(model.half().state_dict(), folder / 'model.safetensors')
    model = mobilenet()
    model.load_state_dict(load_file(folder / 'model.safetensors'))
    return CnnSubject(
        family='torchvision MobileNetV2',
        library='torchvision',
        special=variant['special'],
        model=model.eval(),
        stages=mobilenet_stages(model),
        prepare=variant['preset'](),
        preprocessing={'by': 'torchvision.transforms._presets.ImageClassification', 'crop': 224},
        image_size=size,
        batch=1,
        labelled=False,
    )


def mobilenet() -> MobileNetV2:
    """Of a tenth of the channels; the last convolution, which no argument makes narrower, replaced."""
    model = MobileNetV2(num_classes=len(LABELS), width_mult=0.1, round_nearest=2)
    model.features[18] = Conv2dNormActivation(
        model.features[17].out_channels, 24, kernel_size=1, activation_layer=nn.ReLU6
    )
    model.classifier[1] = nn.Linear(24, len(LABELS))
    return model


def mobilenet_stages(model: MobileNetV2) -> dict[str, tuple[nn.Module, str]]:
    blocks = list(model.features[1:18])
    return {
        'stem': (model.features[0], 'output'),
        'blocks.1.expand': (blocks[1].conv[0], 'output'),
        'blocks.1.depthwise': (blocks[1].conv[1], 'output'),
        **{f'blocks.{index}': (block, 'output') for index, block in enumerate(blocks)},
        'last': (model.features[18], 'output'),
        'pooled': (model.classifier, 'input'),
    }


def make_convnext(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> CnnSubject:
    size = (48, 48)
    settings = [CNBlockConfig(*setting) for setting in variant['settings']]
    model = ConvNeXt(settings, num_classes=len(LABELS))
    randomise(model, generator, size)
    save_file(model.half().state_dict(), folder / 'model.safetensors')
    model = ConvNeXt(settings, num_classes=len(LABELS))
    model.load_state_dict(load_file(folder / 'model.safetensors'))
    return CnnSubject(
        family='torchvision ConvNeXt',
        library='torchvision',
        special=variant['special'],
        model=model.eval(),
        stages=convnext_stages(model),
        prepare=variant['preset'](),
        preprocessing={'by': 'torchvision.transforms._presets.ImageClassification', 'crop': 224},
        image_size=size,
        batch=1,
        labelled=False,
    )


def convnext_stages(model: ConvNeXt) -> dict[str, tuple[nn.Module, str]]:
    stages = {'stem': (model.features[0], 'output')}
    for index, layers in enumerate(model.features[1:]):
        if index % 2 == 1:
            stages[f'stages.{(index + 1) // 2}.downsample'] = (layers, 'output')
            continue
        for number, block in enumerate(layers):
            name = f'stages.{index // 2}.blocks.{number}'
            stages[f'{name}.depthwise'] = (block.block[0], 'output')
            stages[name] = (block, 'output')
    return {**stages, 'pooled': (model.avgpool, 'output')}
