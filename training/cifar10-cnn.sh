#!/bin/sh
# Trains the embedded CNN, models/cifar10-cnn: a ResNet of one block a stage on 32×32 pixels, its stages halved by max pools;
# 7 rounds over CIFAR-10, from what those gave 24 more, in which parts of the images are erased, and 9 more beside those as
# its teacher.
#
#   sh training/cifar10-cnn.sh DATA RUN [--threads 2 …]
#
# DATA holds train/<class>/* and test/<class>/* with the images of CIFAR-10. RUN gets first/, second/ and third/, which is the
# model; interrupted or killed, it goes on when this is called again. Needs `npm run build`. Then, as the model card says:
#
#   node dist/cli/main.js models convert RUN/third --output models/cifar10-cnn --dtype float16 --force
#   node dist/cli/main.js evaluate DATA/test --model models/cifar10-cnn
set -eu
data=$1
run=$2
shift 2

stage() {
  output=$1
  shift
  node "$(dirname "$0")/../dist/cli/main.js" train "$data/train" --validation "$data/test" --output "$output" --resume \
    --batch-size 256 --optimizer muon --learning-rate 0.03 --weight-decay 0.1 --warmup-epochs 0.4 --label-smoothing 0.1 \
    --flip 0.5 --save-every 120 "$@"
}

stage "$run/first" --arch resnet --depths 1,1,1 --widths 48,160,256 --downsample max-pool --strides 2,2,2 --image-size 32 \
  --interpolation bicubic --epochs 7 --average 0.996 --crop padded:3 --seed 1 --validate-every 684 "$@"
stage "$run/second" --from "$run/first" \
  --epochs 24 --average 0.998 --crop padded:4 --erasing 0.4 --seed 2 --validate-every 780 "$@"
stage "$run/third" --from "$run/second" --teacher "$run/second" --distil soft --distil-weight 0.7 --temperature 2 \
  --epochs 9 --learning-rate 0.01 --average 0.998 --crop padded:4 --erasing 0.3 --seed 5 --validate-every 586 "$@"
