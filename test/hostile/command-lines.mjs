// What people and scripts type wrongly, with the exit code it must end with.

export const COMMAND_LINES = [
  { what: 'an unknown option', line: 'classify images --topk 3', code: 2 },
  { what: 'an unknown command', line: 'clasify images', code: 2 },
  { what: 'an unknown value', line: 'classify images --backend wams', code: 2 },
  { what: 'a number that is none', line: 'classify images --top-k five', code: 2 },
  { what: 'a number out of range', line: 'classify images --top-k 0', code: 2 },
  { what: 'a negative number', line: 'classify images --batch-size=-8', code: 2 },
  { what: 'a number too large', line: 'classify images --batch-size 1e9', code: 2 },
  { what: 'threads beyond reason', line: 'classify images --threads 99999', code: 2 },
  { what: 'no input', line: 'classify', code: 2 },
  { what: 'an input that matches nothing', line: 'classify no-such-folder/*.jpg', code: 3 },
  { what: 'a name that is not there', line: 'classify no-such.jpg --quiet', code: 1 },
  { what: 'a model that is not there', line: 'classify images --model no/such/place', code: 4 },
  { what: 'a list that is not there', line: 'classify --files-from no-such.txt', code: 2 },
  { what: 'standard input for both', line: 'classify - --files-from -', code: 2 },
  { what: 'an output in no folder', line: 'classify images --output no-such-folder/out.json', code: 1 },
  { what: 'an output that is a folder', line: 'classify images --output images', code: 1 },
];
