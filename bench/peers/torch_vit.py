"""Times forward passes with PyTorch on request, for vit-peers.bench.mjs.

    python bench/peers/torch_vit.py THREADS PIXELS

PIXELS is a file of float32 images [n, 3, 224, 224]. A line of JSON {"model": folder, "batch": n, "dtype": "float32"} on
standard input runs one pass and answers {"ms": milliseconds, "logits": [[...]]}.
"""

import json
import sys
import time

import numpy
import torch
from transformers import ViTForImageClassification

threads, pixels = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
images = torch.from_numpy(numpy.fromfile(pixels, dtype=numpy.float32).reshape(-1, 3, 224, 224))
models = {}

for line in sys.stdin:
    request = json.loads(line)
    dtype = getattr(torch, request["dtype"])
    key = (request["model"], dtype)
    if key not in models:
        model = ViTForImageClassification.from_pretrained(request["model"], attn_implementation="sdpa")
        models[key] = model.eval().to(dtype)
    batch = images[: request["batch"]].to(dtype)
    with torch.inference_mode():
        start = time.perf_counter()
        logits = models[key](batch).logits
        elapsed = time.perf_counter() - start
    print(json.dumps({"ms": elapsed * 1000, "logits": logits.float().tolist()}), flush=True)
