"""Ten optimiser steps of tiny networks, as torch takes them in float64.

    pip install -r test/golden/requirements.txt
    python test/golden/make_training_goldens.py

Reads the models and pixels that make_vit_goldens.py and make_cnn_goldens.py wrote. Every step sees the same two images with
smoothed targets; the learning rate warms up and falls along a cosine; batch norms take the statistics of the batch. Writes test/golden/training-steps/: in goldens.json the recipe, the targets
and the losses and gradient norms of each run, in goldens.safetensors `<run>/<timm name>`, some parameters after the last step;
also `muon/<shape>/<start | gradients | end>`, three steps of torch.optim.Muon on given gradients of two matrices.
"""

import math
import pathlib
import re

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import numpy as np  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from cnn_torchvision import VARIANTS, resnet  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

MODELS = {'vit': 'vit-tiny-random-avg', 'resnet': 'cnns/torchvision-resnet-small-images'}
TARGETS = (2, 5)
STEPS = 10
RECIPE = {
    'learningRate': 2e-3,
    'warmupSteps': 3,
    'finalShare': 0.1,
    'weightDecay': 0.05,
    'clipNorm': 1.0,
    'labelSmoothing': 0.1,
}
OPTIMIZERS = {
    'adamw': {'kind': 'adamw', 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8},
    'sgd': {'kind': 'sgd', 'momentum': 0.9, 'nesterov': True},
}
STORED = re.compile(
    r'head\..*|pos_embed|patch_embed\.proj\.bias|blocks\.0\.(norm1\..*|attn\.qkv\.bias|mlp\.fc2\.weight)'
    r'|fc\..*|conv1\.weight|(layer1\.0\.)?bn1\.(weight|bias|running_mean|running_var)'
)


def main() -> None:
    torch.set_num_threads(1)
    arrays, runs = {}, {}
    for kind, model in MODELS.items():
        for optimizer in OPTIMIZERS:
            name = f'{kind}-{optimizer}'
            runs[name], parameters = trained(model, OPTIMIZERS[optimizer])
            arrays |= {f'{name}/{key}': value for key, value in parameters.items() if STORED.fullmatch(key)}
    arrays |= muon_steps()
    write_golden_set(
        GOLDEN / 'training-steps',
        'test/golden/make_training_goldens.py',
        arrays,
        targets=list(TARGETS),
        steps=STEPS,
        recipe=RECIPE,
        runs=runs,
    )


def trained(name: str, optimizer: dict) -> tuple[dict, dict[str, np.ndarray]]:
    folder = GOLDEN / name
    # No layer of either drops anything.
    model = network(folder).train().double()
    pixels = load_file(folder / 'goldens.safetensors')['stages/pixels'].permute(0, 3, 1, 2).double()
    stepper = stepper_for(model, optimizer)
    losses, norms = [], []
    for step in range(STEPS):
        for group in stepper.param_groups:
            group['lr'] = RECIPE['learningRate'] * rate_share(step)
        stepper.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            model(pixels), torch.tensor(TARGETS), label_smoothing=RECIPE['labelSmoothing']
        )
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE['clipNorm']).item())
        losses.append(loss.item())
        stepper.step()
    parameters = {key: value.detach().float().numpy() for key, value in model.state_dict().items()}
    return {'model': name, 'optimizer': optimizer, 'losses': losses, 'gradientNorms': norms}, parameters


def network(folder: pathlib.Path) -> torch.nn.Module:
    if folder.name not in VARIANTS:
        return timm.create_model(f'local-dir:{folder}', pretrained=True)
    model = resnet(VARIANTS[folder.name])
    model.load_state_dict(load_file(folder / 'model.safetensors'))
    return model


def stepper_for(model: torch.nn.Module, optimizer: dict) -> torch.optim.Optimizer:
    """Weight decay on the matrices of linear layers and convolutions alone."""
    named = dict(model.named_parameters())
    matrices = [value for key, value in named.items() if key.endswith('.weight') and value.ndim >= 2]
    others = [value for value in named.values() if not any(value is matrix for matrix in matrices)]
    groups = [{'params': matrices, 'weight_decay': RECIPE['weightDecay']}, {'params': others, 'weight_decay': 0.0}]
    if optimizer['kind'] == 'adamw':
        betas = (optimizer['beta1'], optimizer['beta2'])
        return torch.optim.AdamW(groups, lr=1.0, betas=betas, eps=optimizer['epsilon'])
    return torch.optim.SGD(groups, lr=1.0, momentum=optimizer['momentum'], nesterov=optimizer['nesterov'])


MUON_SHAPES = {'tall': (19, 7), 'wide': (5, 13)}


def muon_steps() -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(3)
    arrays = {}
    for name, shape in MUON_SHAPES.items():
        weight = torch.nn.Parameter(torch.randn(shape, generator=generator))
        gradients = torch.randn((3, *shape), generator=generator)
        arrays[f'muon/{name}/start'] = weight.detach().numpy().copy()
        arrays[f'muon/{name}/gradients'] = gradients.numpy()
        stepper = torch.optim.Muon(
            [weight], lr=0.05, weight_decay=0.1, momentum=0.95, nesterov=True, adjust_lr_fn='match_rms_adamw'
        )
        for gradient in gradients:
            weight.grad = gradient.clone()
            stepper.step()
        arrays[f'muon/{name}/end'] = weight.detach().numpy()
    return arrays


def rate_share(step: int) -> float:
    warmup = RECIPE['warmupSteps']
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, STEPS - warmup))
    return RECIPE['finalShare'] + (1 - RECIPE['finalShare']) * 0.5 * (1 + math.cos(math.pi * progress))


if __name__ == '__main__':
    main()
