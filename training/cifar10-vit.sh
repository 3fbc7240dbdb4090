#!/bin/sh
# Trains the embedded ViT, models/cifar10-vit: width 192, 6 blocks, patches of 16×16 on the images of CIFAR-10 enlarged to
# 128×128. It also learns from a CNN whose last feature map has 8×8 places as the ViT has patches, from its probabilities and
# from what it sees where; 7 rounds and, from what those gave, 11 more, most of them on half of the patches.
#
#   sh training/cifar10-vit.sh DATA RUN [--threads 2 …]
#
# DATA: as of cifar10-cnn.sh. RUN gets teacher/, from which as float16 it learns, first/ and second/, which is the model;
# interrupted or killed, it goes on when this is called again.
set -eu
data=$1
run=$2
shift 2
patchlens="$(dirname "$0")/../dist/cli/main.js"

train() {
  output=$1
  shift
  node "$patchlens" train "$data/train" --validation "$data/test" --output "$output" --resume "$@"
}

stage() {
  output=$1
  shift
  train "$output" --teacher "$run/teacher-float16" --distil soft --distil-weight 0.5 --temperature 2 \
    --batch-size 256 --optimizer muon --weight-decay 0.05 --label-smoothing 0.1 --crop padded:4 --flip 0.5 \
    --validate-every 391 --save-every 300 "$@"
}

train "$run/teacher" --arch resnet --depths 1,1,1 --widths 32,128,256 --image-size 32 --interpolation bicubic \
  --epochs 14 --warmup-epochs 0.4 --batch-size 256 --optimizer muon --learning-rate 0.03 --weight-decay 0.1 \
  --average 0.996 --label-smoothing 0.1 --crop padded:3 --flip 0.5 --seed 1 --validate-every 684 --save-every 120 "$@"
node "$patchlens" models convert "$run/teacher" --output "$run/teacher-float16" --dtype float16 --force

stage "$run/first" --arch vit-tiny --depth 6 --image-size 128 --patch-size 16 --interpolation bicubic --init mimetic \
  --guidance 3:2 --patch-drop 0.5:0.75 --epochs 7 --warmup-epochs 0.5 --learning-rate 0.005 --average 0.995 --seed 1 "$@"
stage "$run/second" --from "$run/first" \
  --guidance 3:1 --patch-drop 0.5:0.8 --epochs 11 --warmup-epochs 0.3 --learning-rate 0.004 --average 0.997 --seed 2 "$@"
