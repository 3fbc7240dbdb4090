#!/bin/sh
# Trains the embedded CNN, models/cifar10-cnn: a ResNet of one block a stage on 32×32 pixels, 14 rounds over CIFAR-10.
#
#   sh training/cifar10-cnn.sh DATA RUN [--threads 2 …]
#
# DATA holds train/<class>/* and test/<class>/* with the images of CIFAR-10. The run goes to the folder RUN; interrupted
# or killed, it goes on when this is called again. Needs `npm run build`. Then, as the model card says:
#
#   node dist/cli/main.js models convert RUN --output models/cifar10-cnn --dtype float16 --force
#   node dist/cli/main.js evaluate DATA/test --model models/cifar10-cnn
set -eu
data=$1
run=$2
shift 2
exec node "$(dirname "$0")/../dist/cli/main.js" train "$data/train" --validation "$data/test" --output "$run" --resume \
  --arch resnet --depths 1,1,1 --widths 32,128,256 --image-size 32 --interpolation bicubic \
  --epochs 14 --warmup-epochs 0.4 --batch-size 256 --optimizer muon --learning-rate 0.03 --weight-decay 0.1 \
  --average 0.996 --label-smoothing 0.1 --crop padded:3 --flip 0.5 --seed 1 --validate-every 684 --save-every 120 "$@"
