"""What timm and torch make of the embedded models' files on the sample pictures, from the file to the probability.

    pip install -r test/golden/requirements.txt
    python test/golden/make_embedded_goldens.py

Writes test/golden/embedded.json; run it whenever the weights in models/ or the pictures in images/ change.
"""

import json
import pathlib

import environment

PACKAGES = environment.pinned_versions()
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from timm.models.resnet import BasicBlock  # noqa: E402
from torch import nn  # noqa: E402

GOLDEN = pathlib.Path(__file__).parent
ROOT = GOLDEN.parents[1]


class SmallResNet(nn.Module):
    """He et al. 2016, section 4.2, for any widths: a 3×3 stem, stages of one of timm's basic blocks, and their mean.

    Stages shrink by max pools of the strides given: timm's anti-aliasing with another pool, and one before the shortcut.
    """

    def __init__(self, widths: tuple[int, ...], strides: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        before = widths[0]
        for stage, (width, stride) in enumerate(zip(widths, strides)):
            shortcut = nn.Sequential(nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width))
            shortcut.register_forward_pre_hook(lambda _, inputs, pool=nn.MaxPool2d(stride, ceil_mode=True): (pool(inputs[0]),))
            block = BasicBlock(before, width, downsample=shortcut)
            block.aa = nn.MaxPool2d(stride, ceil_mode=True)
            setattr(self, f'layer{stage + 1}', nn.Sequential(block))
            before = width
        self.fc = nn.Linear(before, num_classes)
        self.stages = len(widths)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(images)).relu()
        for stage in range(self.stages):
            x = getattr(self, f'layer{stage + 1}')(x)
        return self.fc(x.mean(dim=(2, 3)))


def vit(folder: pathlib.Path, _weights: dict[str, torch.Tensor]) -> nn.Module:
    return timm.create_model(f'local-dir:{folder}', pretrained=True)


def cnn(folder: pathlib.Path, weights: dict[str, torch.Tensor]) -> nn.Module:
    widths = tuple(weights[f'layer{stage}.0.conv2.weight'].shape[0] for stage in (1, 2, 3))
    given = json.loads((folder / 'config.json').read_text()).get('model_args', {})
    if given.get('downsample') != 'max-pool':
        raise SystemExit(f'cifar10-cnn: expected stages that shrink by max pools, got {given}')
    model = SmallResNet(widths, given['strides'], num_classes=weights['fc.bias'].shape[0])
    missing, unexpected = model.load_state_dict(weights, strict=False)
    counters = {name for name in missing if name.endswith('num_batches_tracked')}
    if set(missing) != counters or unexpected:
        raise SystemExit(f'cifar10-cnn: expected all parameters, got none of {missing} and also {unexpected}')
    return model


@torch.inference_mode()
def answers(name: str, make) -> dict:
    folder = ROOT / 'models' / name
    weights = {key: value.float() for key, value in load_file(folder / 'model.safetensors').items()}
    model = make(folder, weights).eval()
    given = json.loads((folder / 'config.json').read_text())['pretrained_cfg']
    transform = timm.data.create_transform(**timm.data.resolve_data_config(given))
    images, right = [], 0
    for path in sorted((ROOT / 'images').glob('*/*.jpg')):
        probabilities = model(transform(Image.open(path).convert('RGB')).unsqueeze(0))[0].softmax(dim=0)
        images.append({'path': path.relative_to(ROOT).as_posix(), 'probabilities': [float(p) for p in probabilities]})
        right += CLASSES[int(probabilities.argmax())] == path.parent.name
    print(f'{name}: {right} of {len(images)} pictures')
    return {'images': images}


CLASSES = ('airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck')

if __name__ == '__main__':
    golden = {name: answers(name, make) for name, make in (('cifar10-vit', vit), ('cifar10-cnn', cnn))}
    text = json.dumps({'version': 1, 'script': 'make_embedded_goldens.py', 'packages': PACKAGES, **golden}, indent=2)
    (GOLDEN / 'embedded.json').write_text(text + '\n')
