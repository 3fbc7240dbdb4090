"""What the golden sets of all checkpoint families share: lively weights, a library's stages and its answers."""

import dataclasses
import re
from collections.abc import Callable

import torch
from golden_set import GOLDEN
from make_vit_goldens import LABELS, PICTURES, channels_last, random_parameter
from PIL import Image
from torch import nn

Size = tuple[int, int]  # height, width


@dataclasses.dataclass
class Subject:
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
    # Pixels of another size → logits, and the positions where the library shows them.
    other_size: Size | None = None
    at_other_size: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None
    batch: int = 2
    # Whether the checkpoint's files name the classes.
    labelled: bool = True
    keep_file_pixels: bool = False
    # Normalised pixels → more golden arrays and more of the manifest.
    further: Callable[[torch.Tensor], tuple[dict[str, torch.Tensor], dict]] | None = None

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        output = self.model(pixels)
        return output if isinstance(output, torch.Tensor) else output.logits


def randomise(model: nn.Module, generator: torch.Generator, embedding_scale: float = 1) -> None:
    """Lively weights. A small scale of the embeddings makes the ε of the first norm count as much as the variance."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = embedding_scale if EMBEDDING.search(name) else 1
            parameter.copy_(scale * lively_parameter(name, parameter.shape, generator))


EMBEDDING = re.compile(r'patch_embed|conv_proj|(token|tokens|pos_embed|pos_embedding|position_embeddings)$')


# A name of any library → one that random_parameter knows.
KINDS = {
    r'(norm\d?|norm_pre|ln(_\d)?|layernorm_(before|after))\.weight$|(gamma|lambda1)$': 'norm.weight',
    r'bias$': 'bias',
    r'(token|tokens|pos_embed|pos_embedding|position_embeddings)$': 'pos_embed',
    r'(qkv|[qkv]_proj)\.weight$|in_proj_weight$': 'qkv.weight',
}


def lively_parameter(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """`random_parameter` under the names of every library."""
    kind = next((known for pattern, known in KINDS.items() if re.search(pattern, name)), 'weight')
    return random_parameter(kind, shape, generator)


@torch.no_grad()
def question(subject: Subject, generator: torch.Generator) -> tuple[dict[str, torch.Tensor], dict]:
    """A subject's golden arrays and manifest."""
    pixels = torch.randn((subject.batch, 3, *subject.image_size), generator=generator)
    stages = run_stages(subject, pixels)
    check_liveliness(stages)
    files, file_arrays = files_tier(subject)
    more_arrays, more_facts = subject.further(pixels) if subject.further is not None else ({}, {})
    arrays = stored_stages(stages) | file_arrays | more_arrays
    if subject.at_other_size is not None:
        other = torch.randn((1, 3, *subject.other_size), generator=generator)
        answers = {'pixels': channels_last(other), **subject.at_other_size(other)}
        arrays |= {f'other-size/{name}': answer for name, answer in answers.items()}
    return arrays, {
        'family': subject.family,
        'library': subject.library,
        'special': subject.special,
        'numParameters': sum(parameter.numel() for parameter in subject.model.parameters()),
        'imageSize': as_size(subject.image_size),
        'preprocessing': subject.preprocessing,
        'stages': list(stages),
        'files': files,
        'otherSize': as_size(subject.other_size) if subject.at_other_size is not None else None,
        **more_facts,
    }


def run_stages(subject: Subject, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Name → activation in the order of computation, seen from outside while the library runs its own forward pass."""
    seen: dict[str, torch.Tensor] = {}
    handles = [watch(module, side, seen, name) for name, (module, side) in subject.stages.items()]
    logits = subject.logits(pixels)
    for handle in handles:
        handle.remove()
    activations = {name: tokens_of(seen[name], name) for name in subject.stages}
    return {'pixels': pixels, **activations, 'logits': logits, 'probabilities': logits.softmax(dim=1)}


def watch(module: nn.Module, side: str, seen: dict[str, torch.Tensor], name: str) -> torch.utils.hooks.RemovableHandle:
    def keep_output(_module: nn.Module, _inputs: tuple, output: torch.Tensor) -> None:
        seen[name] = output

    def keep_input(_module: nn.Module, inputs: tuple) -> None:
        seen[name] = inputs[0]

    if side == 'output':
        return module.register_forward_hook(keep_output)
    return module.register_forward_pre_hook(keep_input)


def tokens_of(activation: torch.Tensor, name: str) -> torch.Tensor:
    """A patch grid in whatever layout the library has it → [B, N, D]."""
    if activation.ndim < 4:
        return activation
    assert name == 'patches', name
    # Grids are smaller than the embedding is wide, in every family here.
    grid_last = activation.shape[1] > activation.shape[3]
    return activation.flatten(2).transpose(1, 2) if grid_last else activation.flatten(1, 2)


def check_liveliness(stages: dict[str, torch.Tensor]) -> None:
    """Refuses weights under which a wrong stage could pass unseen."""
    for name, activation in stages.items():
        # Those of the embedding may be small on purpose.
        if name not in ('pixels', 'patches', 'tokens', 'probabilities'):
            assert 0.2 < activation.std() < 10, f'{name}: deviation {activation.std():.2f}'
    assert 0.25 < stages['probabilities'].max(dim=1).values.mean() < 0.97


def files_tier(subject: Subject) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """Image files through the library's own preprocessing, to the five likeliest classes."""
    files, arrays = [], {}
    for name in PICTURES:
        pixels = subject.prepare(open_picture(name)).unsqueeze(0)
        logits = subject.logits(pixels)
        arrays[f'files/{name}/logits'] = logits
        if subject.keep_file_pixels:
            arrays[f'files/{name}/pixels'] = channels_last(pixels)
        files.append({'path': f'test/golden/pictures/{name}', 'predictions': predictions(logits[0], subject.labelled)})
    return files, arrays


def open_picture(name: str) -> Image.Image:
    return Image.open(GOLDEN / 'pictures' / name).convert('RGB')


def predictions(logits: torch.Tensor, labelled: bool) -> list[dict]:
    top = logits.softmax(dim=0).topk(5)
    return [
        {'index': index, **({'label': LABELS[index]} if labelled else {}), 'probability': probability}
        for probability, index in zip(top.values.tolist(), top.indices.tolist(), strict=True)
    ]


def stored_stages(stages: dict[str, torch.Tensor], prefix: str = 'stages') -> dict[str, torch.Tensor]:
    return {
        f'{prefix}/{name}': channels_last(activation) if name == 'pixels' else activation
        for name, activation in stages.items()
    }


def as_size(size: Size) -> dict[str, int]:
    return dict(zip(('height', 'width'), size, strict=True))
