"""What the golden sets of all convolutional networks share: lively weights, a library's stages and its answers."""

import dataclasses
from collections.abc import Callable

import torch
from family_subject import Size, as_size, open_picture, predictions, watch
from make_vit_goldens import PICTURES, channels_last
from PIL import Image
from torch import nn


@dataclasses.dataclass
class CnnSubject:
    """A checkpoint that has been saved and loaded again by its own library, and how to question it."""

    family: str
    library: str
    special: str
    model: nn.Module
    # stage → the module that has it, as its 'input' or its 'output'; in the order of computation
    stages: dict[str, tuple[nn.Module, str]]
    # A picture → [3, H, W], as the library itself prepares it.
    prepare: Callable[[Image.Image], torch.Tensor]
    preprocessing: dict
    image_size: Size
    # Odd sides, so that every border is padded unevenly somewhere.
    other_size: Size = (37, 45)
    batch: int = 2
    labelled: bool = True
    training: bool = False

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        output = self.model(pixels)
        return output if isinstance(output, torch.Tensor) else output.logits


@torch.no_grad()
def randomise(model: nn.Module, generator: torch.Generator, size: Size, small_stem: float = 1) -> None:
    """Weights under which every stage is lively, and running statistics that are those of random pixels, roughly.

    A small scale of the first convolution makes the ε of its norm count as much as the variance.
    """
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * (2 / fan_in) ** 0.5)
            if module.bias is not None:
                module.bias.copy_(0.1 * torch.randn(module.bias.shape, generator=generator))
        elif isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)) or type(module).__name__.startswith('LayerNorm'):
            module.weight.copy_(1 + 0.3 * torch.randn(module.weight.shape, generator=generator))
            module.bias.copy_(0.3 * torch.randn(module.bias.shape, generator=generator))
    for name, parameter in model.named_parameters():
        if name.rsplit('.', 1)[-1] in ('gamma', 'layer_scale', 'layer_scale_parameter'):
            parameter.copy_(0.5 + 0.2 * torch.randn(parameter.shape, generator=generator))
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    first.weight.mul_(small_stem)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    model.train()
    model(torch.randn((8, 3, *size), generator=generator))
    model.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.running_var.mul_(1 + 0.5 * torch.rand(norm.running_var.shape, generator=generator))


def question(subject: CnnSubject, generator: torch.Generator) -> tuple[dict[str, torch.Tensor], dict]:
    """A subject's golden arrays and manifest. Images and feature maps are [B, H, W, C]."""
    pixels = torch.randn((subject.batch, 3, *subject.image_size), generator=generator)
    with torch.no_grad():
        stages = run_stages(subject, pixels)
        check_liveliness(stages)
        files, file_arrays = files_tier(subject)
        other = torch.randn((1, 3, *subject.other_size), generator=generator)
        other_logits = subject.logits(other)
    arrays = {f'stages/{name}': last(activation) for name, activation in stages.items()} | file_arrays
    arrays |= {'other-size/pixels': last(other), 'other-size/logits': other_logits}
    facts = {}
    if subject.training:
        more, facts = training_tier(subject.model, pixels)
        arrays |= more
    return arrays, {
        'family': subject.family,
        'library': subject.library,
        'special': subject.special,
        'numParameters': sum(parameter.numel() for parameter in subject.model.parameters()),
        'imageSize': as_size(subject.image_size),
        'preprocessing': subject.preprocessing,
        'stages': list(stages),
        'files': files,
        'otherSize': as_size(subject.other_size),
        **facts,
    }


def last(activation: torch.Tensor) -> torch.Tensor:
    return channels_last(activation) if activation.ndim == 4 else activation


def run_stages(subject: CnnSubject, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Name → activation in the order of computation, seen from outside while the library runs its own forward pass."""
    seen: dict[str, torch.Tensor] = {}
    handles = [watch(module, side, seen, name) for name, (module, side) in subject.stages.items()]
    # In-place activations would change what was seen.
    for module in subject.model.modules():
        if hasattr(module, 'inplace'):
            module.inplace = False
    logits = subject.logits(pixels)
    for handle in handles:
        handle.remove()
    stages = {name: seen[name].clone() for name in subject.stages}
    if 'pooled' in stages:
        stages['pooled'] = stages['pooled'].flatten(1)
    return {'pixels': pixels, **stages, 'logits': logits, 'probabilities': logits.softmax(dim=1)}


def check_liveliness(stages: dict[str, torch.Tensor]) -> None:
    """Refuses weights under which a wrong stage could pass unseen."""
    for name, activation in stages.items():
        if name not in ('pixels', 'probabilities'):
            assert 0.1 < activation.std() < 10, f'{name}: deviation {activation.std():.2f}'
    assert 0.2 < stages['probabilities'].max(dim=1).values.mean() < 0.98, stages['probabilities']


def files_tier(subject: CnnSubject) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """Image files through the library's own preprocessing, to the five likeliest classes."""
    files, arrays = [], {}
    for name in PICTURES:
        logits = subject.logits(subject.prepare(open_picture(name)).unsqueeze(0))
        arrays[f'files/{name}/logits'] = logits
        files.append({'path': f'test/golden/pictures/{name}', 'predictions': predictions(logits[0], subject.labelled)})
    return files, arrays


def training_tier(model: nn.Module, pixels: torch.Tensor) -> tuple[dict[str, torch.Tensor], dict]:
    """One pass in training mode in float64: logits, gradients of the cross-entropy, and the new running statistics."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model.double().train()
    targets = [index % 7 for index in range(len(pixels))]
    logits = model(pixels.double())
    loss = nn.functional.cross_entropy(logits, torch.tensor(targets))
    loss.backward()
    arrays = {'training/logits': logits.detach()}
    arrays |= {f'training/gradients/{name}': p.grad.float() for name, p in model.named_parameters()}
    arrays |= {
        f'training/running/{name}': buffer.float() for name, buffer in model.named_buffers() if 'running' in name
    }
    model.float().eval()
    model.load_state_dict(state)
    return arrays, {'targets': targets, 'loss': loss.item()}
