"""Tiny models of transformers, saved with save_pretrained: config.json, safetensors and preprocessor_config.json.

transformers 5 has two processors for each model, of Pillow and of torchvision. The answers here are of the Pillow one,
which every published model was made with; the manifest says how far the other's pixels are from these.
"""

import json
import pathlib
from collections.abc import Callable

import torch
import transformers
from family_subject import Subject, open_picture, randomise
from make_vit_goldens import IMAGENET_MEAN, IMAGENET_STD, LABELS, PICTURES
from PIL import Image
from torch import nn
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

IMAGENET = {'image_mean': list(IMAGENET_MEAN), 'image_std': list(IMAGENET_STD)}


def square(size: int) -> dict[str, int]:
    return {'height': size, 'width': size}


# As published, scaled: ViT squashes 224 × 224; DeiT squashes 256 × 256 and crops 224; DINOv2 has the shorter edge at
# 256 and crops 224. The margins of 3 are rounded down.
VIT_PROCESSOR = ViTImageProcessorPil(size=square(24))
DEIT_PROCESSOR = DeiTImageProcessorPil(size=square(27), crop_size=square(24), **IMAGENET)
DINOV2_PROCESSOR = BitImageProcessorPil(size={'shortest_edge': 24}, crop_size=square(21), **IMAGENET)

# Files from before sizes had names. ViT's size is of a square, and the class supplies the filter.
LEGACY_VIT_PROCESSOR = {
    'do_normalize': True,
    'do_resize': True,
    'feature_extractor_type': 'ViTFeatureExtractor',
    'image_mean': [0.5, 0.5, 0.5],
    'image_std': [0.5, 0.5, 0.5],
    'size': 24,
}
LEGACY_DEIT_PROCESSOR = {
    'crop_size': 24,
    'do_center_crop': True,
    'do_normalize': True,
    'do_resize': True,
    'feature_extractor_type': 'DeiTFeatureExtractor',
    **IMAGENET,
    'resample': 3,
    'size': 27,
}

TINY = {
    'hidden_size': 18,
    'num_hidden_layers': 2,
    'num_attention_heads': 3,
    'intermediate_size': 30,
    'image_size': 24,
    'patch_size': 8,
}
# The position table is for more patches than the processor's crop has, as in DINOv2's own (518 pixels and 224).
TINY_DINOV2 = {
    'hidden_size': 12,
    'num_hidden_layers': 2,
    'num_attention_heads': 2,
    'mlp_ratio': 3,
    'image_size': 35,
    'patch_size': 7,
}

VARIANTS: dict[str, dict] = {
    'hf-vit': {
        'model': transformers.ViTForImageClassification,
        'special': 'ε 1e-12, erf GELU',
        'config': TINY,
        'processor': VIT_PROCESSOR,
        'keep_file_pixels': True,
        'at_other_size': True,
    },
    'hf-vit-no-qkv-bias': {
        'model': transformers.ViTForImageClassification,
        'special': 'no bias on query, key and value; hidden_act gelu_new; ε 1e-6 counts',
        'config': {**TINY, 'qkv_bias': False, 'hidden_act': 'gelu_new', 'layer_norm_eps': 1e-6},
        'processor': VIT_PROCESSOR,
        'embedding_scale': 1e-3,
    },
    'hf-vit-sharded': {
        'model': transformers.ViTForImageClassification,
        'special': 'several files with an index; hidden_act quick_gelu',
        'config': {**TINY, 'hidden_act': 'quick_gelu'},
        'processor': VIT_PROCESSOR,
        'max_shard_size': '20KB',
    },
    'hf-vit-f16': {
        'model': transformers.ViTForImageClassification,
        'special': 'stored as F16, run in float32; hidden_act gelu_pytorch_tanh; a preprocessor file without resample',
        'config': {**TINY, 'hidden_act': 'gelu_pytorch_tanh'},
        'processor': LEGACY_VIT_PROCESSOR,
        'dtype': torch.float16,
    },
    'hf-vit-bf16': {
        'model': transformers.ViTForImageClassification,
        'special': 'stored as BF16, run in float32; ε 1e-12 counts',
        'config': TINY,
        'processor': VIT_PROCESSOR,
        'dtype': torch.bfloat16,
        'embedding_scale': 1e-3,
    },
    'hf-deit': {
        'model': transformers.DeiTForImageClassification,
        'special': 'a distillation token that only the attention sees; a preprocessor file with bare sizes',
        'config': TINY,
        'processor': LEGACY_DEIT_PROCESSOR,
    },
    'hf-deit-distilled': {
        'model': transformers.DeiTForImageClassificationWithTeacher,
        'special': 'two heads, their mean is the answer',
        'config': TINY,
        'processor': DEIT_PROCESSOR,
        'keep_file_pixels': True,
        'at_other_size': True,
    },
    'hf-dinov2': {
        'model': transformers.Dinov2ForImageClassification,
        'special': 'positions of 5 × 5 patches brought to the crop’s 3 × 3, without antialias; '
        'the classifier reads class token | mean of patches',
        'config': TINY_DINOV2,
        'processor': DINOV2_PROCESSOR,
        'keep_file_pixels': True,
        'at_other_size': True,
    },
    'hf-dinov2-swiglu': {
        'model': transformers.Dinov2ForImageClassification,
        'special': 'SwiGLU in weights_in and weights_out; positions fit the crop; ε 1e-6 counts',
        'config': {**TINY_DINOV2, 'use_swiglu_ffn': True, 'image_size': 21},
        'processor': DINOV2_PROCESSOR,
        'embedding_scale': 1e-3,
    },
    'hf-dinov2-registers': {
        'model': transformers.Dinov2WithRegistersForImageClassification,
        'special': 'registers inserted after the positions; positions of 5 × 5 patches brought to 3 × 3 with antialias',
        'config': {**TINY_DINOV2, 'num_register_tokens': 4},
        'processor': DINOV2_PROCESSOR,
        'at_other_size': True,
    },
}


def make(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> Subject:
    save_random_model(folder, variant, generator)
    # From version 5 on the default is the dtype of the file.
    model = variant['model'].from_pretrained(folder, dtype=torch.float32, attn_implementation='eager').eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend='pil')
    fast = transformers.AutoImageProcessor.from_pretrained(folder, backend='torchvision')
    pixels = prepared_by(processor)
    pictures = [open_picture(name) for name in PICTURES]
    distance = max((pixels(picture) - prepared_by(fast)(picture)).abs().max().item() for picture in pictures)
    size = (processor.crop_size or processor.size)['height']
    patch = model.config.patch_size
    return Subject(
        family=f'Hugging Face {type(model).__name__}',
        library='transformers',
        special=variant['special'],
        model=model,
        stages=stages_of(model),
        prepare=pixels,
        preprocessing={
            'by': type(processor).__name__,
            'torchvisionBackend': {'by': type(fast).__name__, 'worstPixelDifference': distance},
        },
        image_size=(size, size),
        other_size=(size + patch, size + 2 * patch),
        at_other_size=resized(model) if variant.get('at_other_size', False) else None,
        keep_file_pixels=variant.get('keep_file_pixels', False),
    )


def save_random_model(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> None:
    names = dict(enumerate(LABELS))
    ids = {label: index for index, label in names.items()}
    model = variant['model'](variant['model'].config_class(id2label=names, label2id=ids, **variant['config']))
    randomise(model, generator, variant.get('embedding_scale', 1))
    model = model.to(variant.get('dtype', torch.float32))
    model.save_pretrained(folder, max_shard_size=variant.get('max_shard_size', '5GB'))
    processor = variant['processor']
    if isinstance(processor, dict):
        (folder / 'preprocessor_config.json').write_text(json.dumps(processor, indent=2) + '\n')
    else:
        processor.save_pretrained(folder)


def prepared_by(processor: transformers.BaseImageProcessor) -> Callable[[Image.Image], torch.Tensor]:
    return lambda picture: processor(picture, return_tensors='pt').pixel_values[0]


def stages_of(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """The modules of transformers by the names that the tests use."""
    backbone = model.base_model
    layers = backbone.layers if hasattr(backbone, 'layers') else backbone.encoder.layer
    norm2 = layers[0].norm2 if hasattr(layers[0], 'norm2') else layers[0].layernorm_after
    stages = {
        'patches': (backbone.embeddings.patch_embeddings, 'output'),
        'tokens': (layers[0], 'input'),
        'blocks.0.attended': (norm2, 'input'),
        **{f'blocks.{index}': (layer, 'output') for index, layer in enumerate(layers)},
        'norm': (backbone.layernorm, 'output'),
    }
    return stages if hasattr(model, 'distillation_classifier') else {**stages, 'pooled': (model.classifier, 'input')}


def resized(model: nn.Module) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    embeddings = model.base_model.embeddings
    # DINOv2 always resamples; the others on demand.
    on_demand = {} if model.config.model_type.startswith('dinov2') else {'interpolate_pos_encoding': True}
    registers = getattr(model.config, 'num_register_tokens', 0)

    def answer(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        tokens = embeddings(pixels, **on_demand)
        without_registers = tokens[:, : tokens.shape[1] - registers]
        return {
            'positions': embeddings.interpolate_pos_encoding(without_registers, *pixels.shape[2:]),
            'logits': model(pixels, **on_demand).logits,
        }

    return answer
