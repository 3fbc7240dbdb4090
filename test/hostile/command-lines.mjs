// What people and scripts type wrongly, with the exit code it must end with.

export const COMMAND_LINES = [
  ['an unknown option', 'classify images --topk 3', [2]],
  ['an unknown command', 'clasify images', [2]],
  ['an unknown value', 'classify images --backend wams', [2]],
  ['a number that is none', 'classify images --top-k five', [2]],
  ['a number out of range', 'classify images --top-k 0', [2]],
  ['a negative number', 'classify images --batch-size=-8', [2]],
  ['a number too large', 'classify images --batch-size 1e9', [2]],
  ['threads beyond reason', 'classify images --threads 99999', [2]],
  ['no input', 'classify', [2]],
  ['an input that matches nothing', 'classify no-such-folder/*.jpg', [3]],
  ['a name that is not there', 'classify no-such.jpg --quiet', [1]],
  ['a model that is not there', 'classify images --model no/such/place', [4]],
  ['a list that is not there', 'classify --files-from no-such.txt', [2]],
  ['standard input for both', 'classify - --files-from -', [2]],
  ['an output in no folder', 'classify images --output no-such-folder/out.json', [1]],
  ['an output that is a folder', 'classify images --output images', [1]],
];
