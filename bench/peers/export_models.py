"""Writes ViT-Ti/16 and ViT-B/16 with random weights, as every side of the benchmarks reads them.

    python bench/peers/export_models.py FOLDER

FOLDER/vit-ti-16 and FOLDER/vit-b-16 hold what the Hugging Face Hub would: config.json, model.safetensors,
preprocessor_config.json, and in onnx/ the same network for ONNX Runtime and transformers.js: model.onnx (float32),
model_quantized.onnx (the weights of every product int8, activations quantised as they come) and model_fp16.onnx.
"""

import json
import sys
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import ViTConfig, ViTForImageClassification

SIZES = {
    "vit-ti-16": {"hidden_size": 192, "num_hidden_layers": 12, "num_attention_heads": 3, "intermediate_size": 768},
    "vit-b-16": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
}

PREPROCESSING = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": 224, "width": 224},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


class Logits(torch.nn.Module):
    """Without the record that the model's answer is wrapped in."""

    def __init__(self, model: ViTForImageClassification):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values).logits


def export(folder: Path, sizes: dict[str, int]) -> None:
    torch.manual_seed(1)
    # Eager attention is written down as the products that a graph optimiser knows how to fuse.
    config = ViTConfig(num_labels=1000, attn_implementation="eager", **sizes)
    model = ViTForImageClassification(config).eval()
    with torch.no_grad():
        # The initial 0.02 would leave every answer next to 1/1000, the same for all images.
        for name, value in model.named_parameters():
            if value.dim() > 1:
                value.normal_(0, value[0].numel() ** -0.5)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING, indent=2) + "\n")

    target = folder / "onnx" / "model.onnx"
    target.parent.mkdir(exist_ok=True)
    torch.onnx.export(
        Logits(model),
        (torch.zeros(1, 3, 224, 224),),
        target,
        dynamo=False,
        opset_version=17,
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_axes={"pixel_values": {0: "batch"}, "logits": {0: "batch"}},
    )
    # The patch embedding stays float32: its convolution has no fast int8 kernel on a CPU.
    quantize_dynamic(
        target,
        target.with_name("model_quantized.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    half = convert_float_to_float16(onnx.load(target), keep_io_types=True)
    onnx.save(half, target.with_name("model_fp16.onnx"))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for name, sizes in SIZES.items():
        print(name, flush=True)
        export(Path(sys.argv[1]) / name, sizes)
