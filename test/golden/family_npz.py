"""Checkpoints of Google's JAX libraries: the arrays of a timm model in their layout, read back by timm.

The files are written by the inverse of timm.models.vision_transformer._load_weights. timm reads them with its exact
GELU and prepares images in its own way; google-research/vision_transformer and big_vision run the tanh form, on images
squashed to size with bilinear interpolation that does not average (tf.image.resize). So there are three readings:

    stages/*, files/*, other-size/*   timm's
    gelu-tanh/stages/*                timm with GELU in its tanh form; the stages that differ
    gelu-tanh/files/<picture>/logits  … after timm's preprocessing
    jax/files/<picture>/logits        … after the JAX libraries' preprocessing; `pixels` in one checkpoint
"""

import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np
import timm
import torch
from family_subject import Subject, files_tier, randomise, run_stages, stored_stages
from family_timm import TINY, stages_of
from make_vit_goldens import LABELS
from PIL import Image
from torch import nn

OTHER_SIZE = (32, 40)

VARIANTS: dict[str, dict] = {
    'npz-augreg': {
        'special': 'google-research, without a prefix, stored; a position for the class token',
        'architecture': 'vit_tiny_patch16_224',
        'model_args': TINY,
        'layout': 'google-research',
    },
    'npz-big-vision': {
        'special': 'big_vision, params/, all blocks in one array, deflated; the class token has no position',
        'architecture': 'vit_tiny_patch16_224',
        'model_args': {**TINY, 'no_embed_class': True},
        'layout': 'big-vision-scan',
        'deflated': True,
    },
    'npz-big-vision-gap': {
        'special': 'big_vision, params/, no class token, mean after the norm; bfloat16 as |V2',
        'architecture': 'vit_base_patch16_siglip_gap_224',
        'model_args': TINY,
        'layout': 'big-vision',
        'bfloat16': True,
    },
}


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> Subject:
    path = folder / 'model.npz'
    model = network(variant)
    randomise(model, generator)
    arrays = google_arrays(model, variant['layout'])
    if variant.get('bfloat16', False):
        arrays = {name: torch.from_numpy(array).bfloat16().float().numpy() for name, array in arrays.items()}
    save = np.savez_compressed if variant.get('deflated', False) else np.savez
    save(path, **arrays)
    exact, tanh, larger = (
        read(path, variant, **args) for args in ({}, {'act_layer': 'gelu_tanh'}, {'img_size': OTHER_SIZE})
    )
    if variant.get('bfloat16', False):
        # Last, as timm reads this dtype only with JAX installed.
        save(path, **{name: as_bfloat16(array) for name, array in arrays.items()})
    size = (TINY['img_size'],) * 2
    data_config = timm.data.resolve_data_config({'input_size': (3, *size)}, model=exact)
    subject = Subject(
        family='big_vision .npz' if 'big-vision' in variant['layout'] else 'google-research .npz',
        library='timm',
        special=variant['special'],
        model=exact,
        stages=stages_of(exact),
        prepare=timm.data.create_transform(**data_config),
        preprocessing={
            'by': 'timm.data.create_transform',
            **data_config,
            'jax': 'squash to the image size, bilinear without antialias, (x − 127.5) / 127.5',
        },
        image_size=size,
        other_size=OTHER_SIZE,
        at_other_size=lambda pixels: {'positions': larger.pos_embed, 'logits': larger(pixels)},
        labelled=False,
    )
    tanh_subject = dataclasses.replace(subject, model=tanh, stages=stages_of(tanh))
    return dataclasses.replace(subject, further=readings_of(tanh_subject, variant['layout'] == 'google-research'))


def network(variant: dict, **args: object) -> nn.Module:
    args = {'num_classes': len(LABELS), **variant['model_args'], **args}
    return timm.create_model(variant['architecture'], **args).eval()


def read(path: pathlib.Path, variant: dict, **args: object) -> nn.Module:
    model = network(variant, **args)
    model.load_pretrained(str(path))
    return model


# The layout


def google_arrays(model: nn.Module, layout: str) -> dict[str, np.ndarray]:
    """timm's parameters by the names and in the layouts of the JAX libraries."""
    state = {name: array.numpy() for name, array in model.state_dict().items()}
    big_vision = layout.startswith('big-vision')
    blocks = [block_arrays(state, i, model.blocks[i].attn.num_heads, big_vision) for i in range(len(model.blocks))]
    arrays = {
        'embedding/kernel': state['patch_embed.proj.weight'].transpose(2, 3, 1, 0),
        'embedding/bias': state['patch_embed.proj.bias'],
        'pos_embedding' if big_vision else 'Transformer/posembed_input/pos_embedding': state['pos_embed'],
        'Transformer/encoder_norm/scale': state['norm.weight'],
        'Transformer/encoder_norm/bias': state['norm.bias'],
        'head/kernel': state['head.weight'].T,
        'head/bias': state['head.bias'],
    }
    if 'cls_token' in state:
        arrays['cls'] = state['cls_token']
    if layout == 'big-vision-scan':
        stacked = {name: np.stack([block[name] for block in blocks]) for name in blocks[0]}
        arrays |= {f'Transformer/encoderblock/{name}': array for name, array in stacked.items()}
    else:
        for i, block in enumerate(blocks):
            arrays |= {f'Transformer/encoderblock_{i}/{name}': array for name, array in block.items()}
    prefix = 'params/' if big_vision else ''
    return {prefix + name: np.ascontiguousarray(array) for name, array in arrays.items()}


def block_arrays(state: dict[str, np.ndarray], index: int, heads: int, big_vision: bool) -> dict[str, np.ndarray]:
    def parameter(name: str) -> np.ndarray:
        return state[f'blocks.{index}.{name}']

    attention, mlp, norm2 = (0, 0, 1) if big_vision else (1, 3, 2)
    D = parameter('norm1.weight').shape[0]
    arrays = {}
    for position, norm in ((0, 'norm1'), (norm2, 'norm2')):
        arrays[f'LayerNorm_{position}/scale'] = parameter(f'{norm}.weight')
        arrays[f'LayerNorm_{position}/bias'] = parameter(f'{norm}.bias')
    thirds = zip(
        ('query', 'key', 'value'),
        np.split(parameter('attn.qkv.weight'), 3),
        np.split(parameter('attn.qkv.bias'), 3),
        strict=True,
    )
    for name, weight, bias in thirds:
        arrays[f'MultiHeadDotProductAttention_{attention}/{name}/kernel'] = weight.T.reshape(D, heads, D // heads)
        arrays[f'MultiHeadDotProductAttention_{attention}/{name}/bias'] = bias.reshape(heads, D // heads)
    output = parameter('attn.proj.weight').T.reshape(heads, D // heads, D)
    arrays[f'MultiHeadDotProductAttention_{attention}/out/kernel'] = output
    arrays[f'MultiHeadDotProductAttention_{attention}/out/bias'] = parameter('attn.proj.bias')
    for position, layer in enumerate(('fc1', 'fc2')):
        arrays[f'MlpBlock_{mlp}/Dense_{position}/kernel'] = parameter(f'mlp.{layer}.weight').T
        arrays[f'MlpBlock_{mlp}/Dense_{position}/bias'] = parameter(f'mlp.{layer}.bias')
    return arrays


def as_bfloat16(array: np.ndarray) -> np.ndarray:
    """The upper halves of float32 values that have nothing in the lower, as numpy stores a dtype it does not know."""
    bits = array.view(np.uint32)
    assert not np.any(bits & 0xFFFF)
    return (bits >> 16).astype(np.uint16).view(np.dtype('V2'))


# The other readings


def readings_of(
    subject: Subject, keep_pixels: bool
) -> Callable[[torch.Tensor], tuple[dict[str, torch.Tensor], dict]]:
    """With the tanh GELU, and with the preprocessing of the JAX libraries besides."""

    def answer(pixels: torch.Tensor) -> tuple[dict[str, torch.Tensor], dict]:
        stages = run_stages(subject, pixels)
        same = ('pixels', 'patches', 'tokens', 'blocks.0.attended')
        arrays = stored_stages({name: stage for name, stage in stages.items() if name not in same}, 'gelu-tanh/stages')
        tanh_files, tanh_arrays = files_tier(subject)
        jax_files, jax_arrays = files_tier(dataclasses.replace(subject, prepare=squashed, keep_file_pixels=keep_pixels))
        arrays |= {f'gelu-tanh/{name}': array for name, array in tanh_arrays.items()}
        arrays |= {f'jax/{name}': array for name, array in jax_arrays.items()}
        return arrays, {'geluTanhFiles': tanh_files, 'jaxFiles': jax_files}

    return answer


def squashed(picture: Image.Image) -> torch.Tensor:
    """[3, H, W] in −1 … 1, as tf.image.resize(method='bilinear', antialias=False) makes it."""
    image = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float()
    size = (TINY['img_size'],) * 2
    resized = torch.nn.functional.interpolate(image[None], size, mode='bilinear', align_corners=False, antialias=False)
    return (resized[0] - 127.5) / 127.5
