#!/bin/sh
# Trains the embedded ViT, models/cifar10-vit: width 192, 6 blocks, patches of 16×16 on the images of CIFAR-10 enlarged to
# 128×128. It also learns from the embedded CNN, its probabilities and what it sees where; 7 rounds, three quarters of them on
# half of the patches.
#
#   sh training/cifar10-vit.sh DATA RUN [--threads 2 …]
#
# DATA, RUN and what comes after: as of cifar10-cnn.sh.
set -eu
data=$1
run=$2
shift 2
here=$(dirname "$0")/..
exec node "$here/dist/cli/main.js" train "$data/train" --validation "$data/test" --output "$run" --resume \
  --arch vit-tiny --depth 6 --image-size 128 --patch-size 16 --interpolation bicubic \
  --teacher cifar10-cnn --distil soft --distil-weight 0.5 --temperature 2 --guidance 3:2 \
  --init mimetic --patch-drop 0.5:0.75 \
  --epochs 7 --warmup-epochs 0.5 --batch-size 256 --optimizer muon --learning-rate 0.005 --weight-decay 0.05 \
  --average 0.995 --label-smoothing 0.1 --crop padded:4 --flip 0.5 --seed 1 \
  --validate-every 391 --save-every 300 "$@"
