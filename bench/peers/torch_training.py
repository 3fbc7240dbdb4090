"""Takes training steps with PyTorch and timm on request, for training.bench.mjs.

    python bench/peers/torch_training.py FOLDER BATCH THREADS DTYPE LEARNING_RATE

FOLDER has model.safetensors under timm's names and images.f32, float32 images [BATCH, 128, 128, 3]. A line on standard
input asks for one step; the answer is {"ms": milliseconds, "loss": before the step}. DTYPE bfloat16 is autocast.
"""

import json
import sys
import time

import numpy
import torch
from safetensors.torch import load_file
from timm.models.vision_transformer import VisionTransformer
from torch.nn import functional

folder, batch, threads, dtype, learning_rate = sys.argv[1:]
torch.set_num_threads(int(threads))
model = VisionTransformer(img_size=128, patch_size=16, embed_dim=192, depth=6, num_heads=3, num_classes=10)
model.load_state_dict(load_file(f"{folder}/model.safetensors"))
pixels = numpy.fromfile(f"{folder}/images.f32", dtype=numpy.float32).reshape(int(batch), 128, 128, 3)
images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
targets = torch.arange(int(batch)) % 10
matrices = [parameter for name, parameter in model.named_parameters() if parameter.ndim > 1 and name != "pos_embed"]
others = [parameter for parameter in model.parameters() if all(parameter is not matrix for matrix in matrices)]
groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=float(learning_rate), fused=True)

for _ in sys.stdin:
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        loss = functional.cross_entropy(model(images), targets, label_smoothing=0.1)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    value = loss.item()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1000, "loss": value}), flush=True)
